"""What a kiosk was told besides printing, at every stage, and configurations: what pages about that
show."""

import gzip
from typing import Final

from sqlalchemy import Connection

from contract import messages, topics
from contract.configuration import Configuration
from contract.messages import Check, FilePart, Reply, digest
from hub.access.audit import By
from hub.fleet import configurations, device_commands
from tests.support.hub_site import HubSite


class Told:
    """``kiosk`` was told one of everything; ``configuration`` it gave up, ``fresh`` nobody was
    told."""

    def __init__(self, site: HubSite, kiosk: str, account: str) -> None:
        self._site: Final = site
        self.kiosk: Final = kiosk
        self._by: Final = By(account)
        self._commands()
        self.configuration: Final = self._given_up()
        self.fresh: Final = self._made(Configuration(speaker_volume=30, voice=True), "Quieter")

    def _order(self, name: str) -> str:
        return self._site.writer.call(
            lambda here: device_commands.order(here, self.kiosk, name, self._by, self._site.now_ms)
        )

    def _say(self, reply: Reply) -> None:
        self._site.send(topics.up(self.kiosk, topics.REPLY), messages.encode(reply))

    def _commands(self) -> None:
        self._say(Reply(self._order("identify"), True, state="done"))
        checks = (
            Check("scanner serial-ttyACM0", True),
            Check("lights", None),
            Check("printer usb", False, "没纸了 / out of paper"),
        )
        self._say(Reply(self._order("self-test"), True, "trouble", "done", checks=checks))
        log = gzip.compress(b'{"message": "a kiosk is ready"}\n', mtime=0)
        part = FilePart("log.jsonl.gz", 0, 1, digest(log), log)
        self._say(Reply(self._order("logs"), True, state="done", file=part))
        self._say(Reply(self._order("restart"), True, "serving", "accepted"))

    def _made(self, values: Configuration, why: str) -> int:
        site = self._site
        return site.writer.call(
            lambda here: configurations.make(here, values, why, self._by, site.now_ms)
        )

    def _given_up(self) -> int:
        site = self._site
        made = self._made(Configuration(printers=("network:10.0.0.9",)), "The new printer")

        def tell(here: Connection) -> str:
            configurations.stage(here, made, [self.kiosk], self._by, site.now_ms)
            [staged] = configurations.staged(here, made)
            assert staged.order is not None
            return staged.order.id

        command = site.writer.call(tell)
        self._say(Reply(command, False, "printer-fails network-10.0.0.9", "failed"))
        return made
