"""Kiosks on their way into the hub, at every stage: what the pages about that show."""

from pathlib import Path
from typing import Final

from contract import events, messages, topics
from contract.codes import PLACE_IN
from contract.messages import KioskStatus
from hub.access.audit import By
from hub.fleet import enrolment, invitations
from hub.fleet.reachable import reach
from tests.support.hub_site import HubSite, Journal
from tests.support.new_kiosk import NewKiosk, with_tls


class Invitations:
    """Ids of invitations to ``stop``: nobody has come, a kiosk waits for its digits, one is
    connected, one works, one takes ``old``'s place, and one ended by wrong digits."""

    def __init__(self, site: HubSite, stop: str, old: str, account: str) -> None:
        self._site: Final = site
        self._stop: Final = stop
        self._by: Final = By(account)
        with_tls(site, Path(site.config.secret_key_file).parent / "authority")
        self._reach: Final = reach(site.config)
        self.wrong: Final = self._wrong()
        self.works: Final = self._confirmed(2)
        self._first_scan()
        self.connected: Final = self._confirmed(3)
        self.enrolled: Final = self._came(4)[0]
        self.waiting: Final = self._make().id
        self.replacing: Final = self._make(old).id

    def _make(self, replaces: str = "") -> invitations.Made:
        site = self._site
        return site.writer.call(
            lambda here: invitations.make(
                here, self._stop, self._by, site.now_ms, replaces=replaces
            )
        )

    def _came(self, seed: int) -> tuple[str, NewKiosk]:
        made = self._make()
        kiosk = NewKiosk(made.code, seed)
        kiosk.enrolled(self._site.client())
        return made.id, kiosk

    def _confirm(self, invitation: str, digits: str) -> str:
        site = self._site
        done = site.writer.call(
            lambda here: enrolment.confirm(
                here, invitation, digits, self._by, self._reach, site.now_ms
            )
        )
        return done.kiosk if isinstance(done, enrolment.Confirmed) else ""

    def _confirmed(self, seed: int) -> str:
        invitation, kiosk = self._came(seed)
        self._kiosk = self._confirm(invitation, kiosk.digits)
        said = KioskStatus(online=True)
        self._site.send(topics.up(self._kiosk, topics.STATUS), messages.encode(said))
        return invitation

    def _first_scan(self) -> None:
        journal = Journal(self._kiosk, "7TWY")
        self._site.receive(journal, journal.opening(self._site.now_ms))
        body = events.Received(
            session=journal.session, item=journal.code(), category="H1", place=PLACE_IN
        )
        self._site.receive(journal, [journal.write(body, self._site.now_ms)])

    def _wrong(self) -> str:
        invitation, kiosk = self._came(1)
        wrong = "000000" if kiosk.digits != "000000" else "111111"
        for _ in range(3):
            self._confirm(invitation, wrong)
        return invitation
