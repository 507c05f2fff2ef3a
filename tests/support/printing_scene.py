"""Labels that are printed at a kiosk, at every stage: what the pages about that show."""

from typing import Final

from sqlalchemy import Connection

from contract import messages, topics
from contract.codes import Kind
from contract.messages import Reply
from hub.access.audit import By
from hub.kiosks import kiosk_commands
from hub.printing import label_orders, label_runs
from hub.stock import donations
from tests.support.hub_site import HubSite


class Printing:
    """``run`` is the prefix of blank labels on their way at ``kiosk``, ``donation`` the id of a
    list whose labels came out but for one."""

    def __init__(self, site: HubSite, kiosk: str, account: str, donation: str) -> None:
        self._site: Final = site
        self.kiosk: Final = kiosk
        self._by: Final = By(account)
        self.donation: Final = donation
        self.run: Final = self._roll()
        self._goods()

    def _say(self, reply: Reply) -> None:
        self._site.send(topics.up(self.kiosk, topics.REPLY), messages.encode(reply))

    def _roll(self) -> str:
        site, by = self._site, self._by

        def order(here: Connection) -> tuple[str, str]:
            return label_orders.print_roll(here, Kind.ITEM, 60, "east", self.kiosk, by, site.now_ms)

        prefix, first = site.writer.call(order)
        made = self._order(first)
        lost = made.message.labels[7].code
        self._say(Reply(first, True, state="printing", printed=11, left=48, doubtful=(lost,)))
        ended = site.writer.call(lambda here: kiosk_commands.cancel(here, first, by, site.now_ms))
        self._say(Reply(first, True, state="cancelled", printed=11, left=48, doubtful=(lost,)))
        self._say(Reply(ended, True, state="done"))
        site.writer.call(lambda here: label_orders.settle(here, site.now_ms))
        second = site.writer.call(lambda here: self._rest(here, prefix))
        self._say(Reply(second, True, "printer-waits", "printing", 9, 15))
        return prefix

    def _rest(self, here: Connection, prefix: str) -> str:
        [run] = label_runs.runs(here, prefix)
        return label_orders.print_blanks(here, run, self.kiosk, 24, self._by, self._site.now_ms)

    def _goods(self) -> None:
        site = self._site

        def order(here: Connection) -> str:
            found = donations.one(here, self.donation)
            assert found is not None
            return label_orders.print_goods(here, found, self.kiosk, 6, self._by, site.now_ms)

        command = site.writer.call(order)
        lost = self._order(command).message.labels[2].code
        self._say(Reply(command, True, state="done", printed=5, doubtful=(lost,)))

    def _order(self, command: str) -> kiosk_commands.Order:
        found = self._site.writer.call(lambda here: kiosk_commands.one(here, command))
        assert found is not None
        return found
