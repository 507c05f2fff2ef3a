"""A kiosk without a voice."""

from __future__ import annotations

from typing import Final


class NullSpeaker:
    """Takes every prompt and says none."""

    def __init__(self, name: str = "none:") -> None:
        self.name: Final = name

    def start(self) -> None:
        """There is nothing to open."""

    def say(self, prompt: str, *then: str) -> None:
        """Silence."""

    def wait(self, within_s: float) -> None:
        """There is nothing to wait for."""

    def close(self) -> None:
        """There is nothing to give back."""
