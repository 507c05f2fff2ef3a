"""What commands ask of a hub, as messages: a tagged struct each, JSON on the wire.

`hub.desk` carries them out.
"""

from typing import Annotated, Any, TypeAlias

from msgspec import Meta, Struct

from hub.access.permissions import Role
from hub.access.scope import Scope
from hub.fleet import invitations
from hub.fleet.reachable import Reach
from hub.fleet.releases import Release
from hub.fleet.stops import Stop


class _Operation(Struct, frozen=True, tag_field="do"):
    """Base of all operations."""


class CreateToken(_Operation, frozen=True, tag="token"):
    """A new API token; the result is the token, which is stored nowhere."""

    role: Role
    label: str = ""
    scope: Scope = Scope()


class AddUser(_Operation, frozen=True, tag="user-add"):
    """A new account; refused when the name is taken."""

    name: str
    password: str
    role: Role
    scope: Scope = Scope()


class SetPassword(_Operation, frozen=True, tag="user-password"):
    """A new password for an account; its older sessions end."""

    name: str
    password: str


class PutEntries(_Operation, frozen=True, tag="reference-put"):
    """Puts entries of a part of the reference data, each as its fields; the result is how many."""

    part: str
    entries: list[dict[str, Any]]


class RemoveEntry(_Operation, frozen=True, tag="reference-remove"):
    """Takes an entry of a part away, by its first field."""

    part: str
    key: str | int


class ListEntries(_Operation, frozen=True, tag="reference"):
    """The entries of a part, as a list of what `contract.reference.PARTS` says of it."""

    part: str


class PutSetting(_Operation, frozen=True, tag="setting-put"):
    """Chooses a value for one stop, or with an empty ``stop`` for all others."""

    stop: str
    name: str
    value: Any


class RemoveSetting(_Operation, frozen=True, tag="setting-remove"):
    """Takes a chosen value back."""

    stop: str
    name: str


class ListSettings(_Operation, frozen=True, tag="settings"):
    """The values that somebody chose, as a list of `catalogue.Chosen`."""


Limit: TypeAlias = Annotated[int, Meta(ge=1, le=10_000)]


class ListUnknownCodes(_Operation, frozen=True, tag="codes-to-name"):
    """Retail codes on goods that nobody has named yet, as a list of `reference.UnknownCode`."""

    limit: Limit = 200


class DrawLabelPrefix(_Operation, frozen=True, tag="label-prefix"):
    """A prefix for one run of labels printed ahead; the result is its four characters."""


class ListQuarantine(_Operation, frozen=True, tag="quarantine"):
    """The newest quarantined lines, as a list of `Quarantined`."""

    limit: Limit = 50


class ShowQuarantine(_Operation, frozen=True, tag="quarantine-show"):
    """One quarantined line with its bytes, as `QuarantinedLine`."""

    row: int


class RetryQuarantine(_Operation, frozen=True, tag="quarantine-retry"):
    """Reads every quarantined line again; the result is how many can be folded now."""


class RepairQuarantine(_Operation, frozen=True, tag="quarantine-repair"):
    """Folds ``line`` in the place of a quarantined one, whose own bytes stay."""

    row: int
    line: str


class EnrolSimulated(_Operation, frozen=True, tag="simulated"):
    """Enrols kiosks that only try the hub; the result is their identities, in this order."""

    names: tuple[str, ...]
    into_existing: bool = False


class InviteKiosk(_Operation, frozen=True, tag="kiosk-invite"):
    """A new invitation; the result is `KioskInvited`, with the code, which is stored nowhere."""

    stop: str
    replaces: str = ""
    hours: int = invitations.DEFAULT_HOURS


class ListInvitations(_Operation, frozen=True, tag="kiosk-invitations"):
    """The newest invitations, as a list of `invitations.Invited`."""


class CancelInvitation(_Operation, frozen=True, tag="kiosk-cancel"):
    """Takes an open invitation back."""

    invitation: str


class ConfirmKiosk(_Operation, frozen=True, tag="kiosk-confirm"):
    """Confirms a kiosk by its six digits; the result is `KioskAnswer`."""

    invitation: str
    digits: str
    reach: Reach


class PutContact(_Operation, frozen=True, tag="contact-put"):
    """Sets when a stop is open and its host's telephone; None leaves a part as it is. The result is
    the `hub.alerts.contacts.Contact` as it is then."""

    stop: str
    week: tuple[str, ...] | None = None
    holidays: tuple[str, ...] | None = None
    phone: str | None = None


class PutStop(_Operation, frozen=True, tag="stop-put"):
    """Adds a stop, or names one anew; the result is whether anything is different now."""

    stop: Stop


class ListStops(_Operation, frozen=True, tag="stops"):
    """The stops, as a list of `hub.fleet.stops.Stop`."""


class ListAlarms(_Operation, frozen=True, tag="alarms"):
    """What is an alarm now, as a list of `hub.alerts.life.Alarm`."""


class AcknowledgeAlarm(_Operation, frozen=True, tag="alarm-acknowledge"):
    """Somebody takes care of an alarm; the result is whether nobody had."""

    alarm: int


class Rebuild(_Operation, frozen=True, tag="rebuild"):
    """Drops the projections and folds all events anew."""


class MakeBackup(_Operation, frozen=True, tag="backup"):
    """A verified copy in ``directory`` (absolute), which leaves the machine if ``off_machine``; the
    result is `BackupMade`."""

    directory: str
    off_machine: bool = False


class TellBackup(_Operation, frozen=True, tag="backup-progress"):
    """How far the backup under way is, as `hub.backup.Progress`; null when none is."""


class ImportBundle(_Operation, frozen=True, tag="bundle-import"):
    """Takes in the bundle in the file at ``path`` (absolute), which the hub's own user must be able
    to read; the result is `Imported`."""

    path: str


class KeepRelease(_Operation, frozen=True, tag="release-keep"):
    """Has the hub know a release that was verified and lies in its folder; the result is the
    `Release`."""

    found: Release


class ListReleases(_Operation, frozen=True, tag="releases"):
    """The releases that are kept, as a list of `Release`."""


class KioskInvited(Struct, frozen=True):
    """A new invitation, where it is for and until when."""

    id: str
    code: str
    stop_zh: str
    stop_en: str
    until_ms: int


class KioskAnswer(Struct, frozen=True):
    """The kiosk that was confirmed and the one whose place it took; "" and how many tries are
    ``left`` where the digits were wrong."""

    kiosk: str
    retired: str = ""
    left: int = 0


class BackupMade(Struct, frozen=True):
    """A verified copy, the number of events in it, its bytes, and whether it outlives the
    machine."""

    file: str
    events: int
    size: int
    apart: bool


class Quarantined(Struct, frozen=True):
    """A line that could not be understood. ``row`` is what commands name it by."""

    row: int
    kiosk: str
    epoch: str
    seq: int
    problem: str
    received_ms: int


class QuarantinedLine(Struct, frozen=True):
    """``raw`` is the line as it came, undecodable bytes as ``\\xNN``."""

    about: Quarantined
    raw: str


Operation: TypeAlias = (
    CreateToken
    | AddUser
    | SetPassword
    | PutEntries
    | RemoveEntry
    | ListEntries
    | PutSetting
    | RemoveSetting
    | ListSettings
    | ListUnknownCodes
    | DrawLabelPrefix
    | ListQuarantine
    | ShowQuarantine
    | RetryQuarantine
    | RepairQuarantine
    | EnrolSimulated
    | InviteKiosk
    | ListInvitations
    | CancelInvitation
    | ConfirmKiosk
    | PutContact
    | PutStop
    | ListStops
    | ListAlarms
    | AcknowledgeAlarm
    | Rebuild
    | MakeBackup
    | TellBackup
    | ImportBundle
    | KeepRelease
    | ListReleases
)
"""What a command may ask."""
