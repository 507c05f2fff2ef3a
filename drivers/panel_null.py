"""``none:`` - a kiosk without lights, or whose lights are the page on its screen."""

from __future__ import annotations

from typing import Final

from drivers.ports import Alarm, Signal


class NullPanel:
    """Takes every signal and shows none."""

    def __init__(self, name: str = "none:") -> None:
        self.name: Final = name

    def start(self) -> None:
        """There is nothing to open."""

    def show(self, lane: str, signal: Signal) -> None:
        """There is nothing to light."""

    def mode(self, lane: str, mode: str) -> None:
        """There is nothing to light."""

    def alarm(self, alarm: Alarm, on: bool) -> None:
        """There is nothing to light."""

    def close(self) -> None:
        """There is nothing to give back."""
