"""Sends what waits in the outbox, one message after the other, and notes what came of each."""

import logging
from collections.abc import Callable
from typing import Final

from sqlalchemy import Engine

from hub.alerts import channels, forms, mailing, outbox
from hub.alerts.channels import Target
from hub.alerts.forms import EMAIL, Letter, Outcome
from hub.alerts.mailing import MailServer
from hub.alerts.outbox import Waiting
from hub.alerts.posting import Poster, PostingError
from hub.config import HubConfig
from hub.request import Writer

_log: Final = logging.getLogger(__name__)


class Sender:
    """``now_ms`` is the hub's clock. Use from one thread."""

    def __init__(
        self,
        reader: Engine,
        writer: Writer,
        poster: Poster,
        mail: MailServer,
        now_ms: Callable[[], int],
    ) -> None:
        self._reader: Final = reader
        self._writer: Final = writer
        self._poster: Final = poster
        self._mail: Final = mail
        self._now_ms: Final = now_ms

    def send_due(self) -> int:
        """Send what is due; how many servers took theirs.

        Raises:
            hub.log.writer.WriterStoppedError: the hub is stopping.
        """
        with self._reader.connect() as connection:
            waiting = outbox.due(connection, self._now_ms())
            targets = channels.targets(connection) if waiting else {}
        taken = 0
        for one in waiting:
            outcome = self._send(one, targets.get(one.channel))
            taken += outcome.ok
            self._note(one, outcome)
        return taken

    def _note(self, one: Waiting, outcome: Outcome) -> None:
        if not outcome.ok:
            _log.warning(
                "告警消息没有发出 / an alarm message was not taken: %s (%s)",
                one.channel,
                outcome.error,
            )
        moment = self._now_ms()
        self._writer.call(lambda writing: outbox.record(writing, one, outcome, moment))

    def _send(self, one: Waiting, target: Target | None) -> Outcome:
        if target is None:
            return Outcome(ok=False, error="removed", final=True)
        return self.deliver(target, one.letter)

    def deliver(self, target: Target, letter: Letter) -> Outcome:
        """One try."""
        if target.kind == EMAIL:
            return mailing.send(self._mail, target.address, letter)
        post = forms.post(target.kind, target.address, target.secret, letter, self._now_ms())
        try:
            status, body = self._poster.send(post)
        except PostingError as error:
            return Outcome(ok=False, error=str(error), final=error.final)
        return forms.answered(target.kind, status, body)


def sender(config: HubConfig, reader: Engine, writer: Writer, now_ms: Callable[[], int]) -> Sender:
    """A sender with the hub's settings."""
    return Sender(
        reader,
        writer,
        Poster(channels.allowed(config.alert_hosts), config.alert_allow_private),
        MailServer(
            config.smtp_host,
            config.smtp_port,
            config.smtp_security,
            config.smtp_user,
            config.smtp_password,
            config.smtp_from,
            config.smtp_authority,
        ),
        now_ms,
    )
