"""What the audit log's machine words mean, in both languages."""

from collections.abc import Mapping
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from hub.access.audit import COMMAND_LINE, KIOSK

ACTS: Final[dict[str, LazyString]] = {
    "session.opened": _l("Signed in"),
    "session.ended": _l("Signed out"),
    "session.revoked": _l("Ended sessions"),
    "account.added": _l("Added an account"),
    "account.changed": _l("Changed an account"),
    "account.password": _l("Set a new password"),
    "account.deactivated": _l("Deactivated an account"),
    "account.reactivated": _l("Brought an account back"),
    "passkey.added": _l("Added a passkey"),
    "passkey.removed": _l("Removed a passkey"),
    "token.created": _l("Made an API token"),
    "token.revoked": _l("Took an API token back"),
    "table.exported": _l("Exported a table"),
    "export": _l("Exported a file"),
    "donation.read": _l("Read a list of a donation"),
    "donation.received": _l("Took in a donation by list"),
    "donation.taken-back": _l("Took a donation by list back"),
    "wall.added": _l("Made a link for a screen"),
    "wall.removed": _l("Took a link for a screen back"),
    "month.closed": _l("Closed a month"),
    "month.restated": _l("Restated a month"),
    "alarm.acknowledged": _l("Took care of an alarm"),
    "alarm.reopened": _l("Took an acknowledgement of an alarm back"),
    "alarm-limits.put": _l("Changed when something is an alarm"),
    "channel.added": _l("Added a channel for alarms"),
    "channel.removed": _l("Took a channel for alarms away"),
    "channel.tested": _l("Tried a channel for alarms"),
    "contact.put": _l("Changed a stop's opening hours or telephone"),
    "stop.put": _l("Added a stop, or named one anew"),
    "incident.acknowledged": _l("Marked an incident as seen"),
    "incident.ruled": _l("Ruled on an incident"),
    "incident.reopened": _l("Took a ruling on an incident back"),
    "stocktake.restated": _l("Restated a stocktake"),
    "reference.put": _l("Changed reference data"),
    "reference.removed": _l("Removed reference data"),
    "setting.put": _l("Changed a setting"),
    "setting.removed": _l("Took a setting back"),
    "labels.prefix": _l("Drew a prefix for labels"),
    "kiosk.simulated": _l("Enrolled simulated kiosks"),
    "enrolment.invited": _l("Invited a kiosk"),
    "enrolment.cancelled": _l("Took an invitation of a kiosk back"),
    "enrolment.enrolled": _l("Came as a new kiosk"),
    "enrolment.refused": _l("Was refused as a kiosk"),
    "enrolment.wrong-digits": _l("Typed wrong digits of a new kiosk"),
    "enrolment.confirmed": _l("Confirmed a new kiosk"),
    "configuration.made": _l("Made a configuration for kiosks"),
    "configuration.halted": _l("Halted a configuration"),
    "release.added": _l("Added a release"),
    "release.removed": _l("Took a release away"),
    "roll-out.made": _l("Planned a roll-out"),
    "roll-out.stage": _l("Began a stage of a roll-out"),
    "roll-out.paused": _l("Paused a roll-out"),
    "roll-out.resumed": _l("Went on with a roll-out"),
    "roll-out.halted": _l("Halted a roll-out"),
    "roll-out.left-out": _l("Left a kiosk out of a roll-out"),
    "roll-out.done": _l("Ended a roll-out"),
    "kiosk.command": _l("Told a kiosk to do something"),
    "papers.changed": _l("Changed what labels and receipts look like"),
    "quarantine.retried": _l("Read quarantined lines again"),
    "quarantine.repaired": _l("Mended a quarantined line"),
    "kiosk.retired": _l("Took a kiosk out of service"),
    "kiosk.revoked": _l("Revoked a kiosk"),
    "review.accepted": _l("Took in events after review"),
    "review.rejected": _l("Refused events after review"),
    "review.reconsidered": _l("Put refused events back to review"),
    "bundle.imported": _l("Took in a bundle"),
    "backup.made": _l("Made a backup"),
    "backup.restored": _l("Restored a backup"),
}
"""Every act that the code writes (`hub.access.audit.note`); a test compares the two."""


def act(what: str) -> str:
    """What somebody did; the machine word itself when it has no words yet."""
    found = ACTS.get(what)
    return what if found is None else str(found)


def command_line() -> str:
    """What somebody at the machine itself is called."""
    return _("at the command line")


def account(who: str, names: Mapping[str, str]) -> str:
    """What an account or a token is called, by those that there are."""
    return names.get(who, _("an account that is gone"))


def person(who: str, names: Mapping[str, str]) -> str:
    """Who it was, by the accounts that there are; an account or token that has gone by its id."""
    if who == KIOSK.account:
        return _("a kiosk itself")
    return command_line() if who == COMMAND_LINE.account else names.get(who, who)
