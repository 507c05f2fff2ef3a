"""Where drivers post, whichever loop takes their inputs now."""

from collections.abc import Callable

from kiosk.inputs import LoopInput, Stop


class Mailbox:
    """Where drivers post before there is a loop: the parts need each other in a circle."""

    def __init__(self) -> None:
        self._deliver: Callable[[LoopInput], None] | None = None
        self._stopped = False

    @property
    def deliver(self) -> Callable[[LoopInput], None] | None:
        """The loop that takes inputs now."""
        return self._deliver

    @deliver.setter
    def deliver(self, deliver: Callable[[LoopInput], None]) -> None:
        self._deliver = deliver
        if self._stopped:
            deliver(Stop())

    def stop(self) -> None:
        """Ends the loop that is there, or the next one as soon as there is one."""
        self._stopped = True
        self.post(Stop())

    def post(self, incoming: LoopInput) -> None:
        """From any thread."""
        if self._deliver is not None:
            self._deliver(incoming)
