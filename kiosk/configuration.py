"""The hub's configuration of this kiosk on disk: the one that holds, and the one that is tried.

`contract.configuration` says what can be configured, `kiosk.trial` decides whether to keep it.
Three files in the folder ``configuration``, each replaced as a whole: ``confirmed``, ``candidate``
with the number of starts that tried it, and ``reverted``, the last one that was given up and why.
Whatever instant the power fails at, one of the first two is what the next start uses.
"""

import logging
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct, structs

from contract.configuration import Configuration, read, version_of
from contract.settings import SettingsError
from drivers.configuration_check import url_faults
from kiosk.config import KioskConfig, devices, panel_wiring
from kiosk.durable import sync_directory, write_durably
from kiosk.health import word
from kiosk.panel_settings import SpeakerSettings
from kiosk.trial import MAX_STARTS, Before

log = logging.getLogger(__name__)

T = TypeVar("T")

FOLDER: Final = "configuration"
"""In the state directory."""
EMPTY: Final = "{}"
CONFIRMED: Final = "confirmed"
TRYING: Final = "trying"
REVERTED: Final = "reverted"


class Candidate(Struct, frozen=True):
    """What is to be tried, because of which command; ``starts`` have tried it."""

    text: str
    command: str
    before: Before = Before()
    starts: int = 0


class Reverted(Struct, frozen=True):
    """What was given up."""

    version: str
    command: str
    why: str


class InUse(Struct, frozen=True):
    """What this start runs with. ``trial``: it is being tried."""

    config: KioskConfig
    text: str = EMPTY
    trial: Candidate | None = None


def applied(base: KioskConfig, wished: Configuration) -> KioskConfig:
    """The kiosk's own settings with what the hub wishes.

    Raises:
        SettingsError: with every key that cannot be carried out here.
    """
    problems = [f"{key}: {fault.zh} / {fault.en}" for key, fault in url_faults(wished)]
    if problems:
        raise SettingsError(tuple(problems))
    chosen = {
        key: value
        for key in ("scanners", "printers", "panel", "lamp_brightness", "min_free_mb")
        if (value := getattr(wished, key)) is not None
    }
    config = structs.replace(base, **chosen, speaker=_speaker(base.speaker, wished))
    for key, check in (("scanners", devices), ("panel", panel_wiring)):
        try:
            check(config)
        except SettingsError as error:
            problems += [f"{key}: {problem}" for problem in error.problems]
    if problems:
        raise SettingsError(tuple(problems))
    return config


def _speaker(own: SpeakerSettings | None, wished: Configuration) -> SpeakerSettings | None:
    if wished.voice is False or (own is None and wished.voice is None):
        return None
    speaker = own if own is not None else SpeakerSettings()
    if wished.speaker_volume is not None:
        speaker = structs.replace(speaker, volume=wished.speaker_volume)
    if wished.speaker_languages is not None:
        speaker = structs.replace(speaker, languages=wished.speaker_languages)
    return speaker


class ConfigurationStore:
    """The folder ``configuration`` of the state directory. What writes raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder

    def confirmed(self) -> str:
        """The text that holds; `EMPTY` as long as the hub has wished nothing."""
        try:
            text = (self._folder / CONFIRMED).read_text(encoding="utf-8")
            read(text)
        except (OSError, UnicodeDecodeError, SettingsError):
            return EMPTY  # a damaged wish is no reason not to work
        return text

    def candidate(self) -> Candidate | None:
        """What is to be tried; None where there is nothing, or nothing that can be read."""
        return self._read("candidate", Candidate)

    def reverted(self) -> Reverted | None:
        """What was given up last, as long as nothing newer was confirmed."""
        return self._read(REVERTED, Reverted)

    def propose(self, text: str, command: str, before: Before) -> None:
        """To be tried from the next start on."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._write("candidate", Candidate(text, command, before))

    def start_trial(self, candidate: Candidate) -> None:
        """A start is about to try it: counted first."""
        self._write("candidate", structs.replace(candidate, starts=candidate.starts + 1))

    def confirm(self, candidate: Candidate) -> None:
        """It holds from now on."""
        write_durably(self._folder / CONFIRMED, candidate.text.encode())
        (self._folder / REVERTED).unlink(missing_ok=True)
        self._drop_candidate()

    def revert(self, candidate: Candidate, why: str) -> None:
        """It is not tried again; what was confirmed holds."""
        log.warning("the configuration is given up: %s", why)
        version = version_of(candidate.text)
        self._write(REVERTED, Reverted(version, candidate.command, word(why)))
        self._drop_candidate()

    def choose(self, base: KioskConfig) -> InUse:
        """What this start runs with. A disk that takes nothing tries nothing."""
        candidate, confirmed = self.candidate(), self.confirmed()
        try:
            if candidate is not None and self._may_try(candidate, confirmed):
                try:
                    config = applied(base, read(candidate.text))
                except SettingsError as error:
                    self.revert(candidate, f"refused {error.problems[0].partition(':')[0]}")
                else:
                    self.start_trial(candidate)
                    return InUse(config, candidate.text, candidate)
        except OSError as error:
            log.error("the configuration cannot be tried: %s", error.strerror)
        try:
            return InUse(applied(base, read(confirmed)), confirmed)
        except SettingsError as error:  # kiosk.toml has changed since: it alone holds then
            log.error("the configuration cannot be used: %s", error.problems[0])
            return InUse(base)

    def _may_try(self, candidate: Candidate, confirmed: str) -> bool:
        given_up = self.reverted()
        if given_up is not None and given_up.command == candidate.command:
            self._drop_candidate()  # the power failed before it was gone
            return False
        if candidate.text == confirmed:
            self._drop_candidate()
            return False
        if candidate.starts >= MAX_STARTS:
            self.revert(candidate, "died")
            return False
        return True

    def _drop_candidate(self) -> None:
        (self._folder / "candidate").unlink(missing_ok=True)
        sync_directory(self._folder)

    def _write(self, name: str, value: Struct) -> None:
        write_durably(self._folder / name, msgspec.json.encode(value))

    def _read(self, name: str, kind: type[T]) -> T | None:
        try:
            return msgspec.json.decode((self._folder / name).read_bytes(), type=kind)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
