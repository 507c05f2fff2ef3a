"""What a person at the terminal reads, in the language they chose."""

import enum
import os
import sys
from typing import Final, TextIO

from drivers.ports import Words


class Language(enum.StrEnum):
    """``both`` puts Chinese first, then English, on one line."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


def choose(words: Words, language: Language) -> str:
    """``words`` in ``language``."""
    match language:
        case Language.ZH:
            return words.zh
        case Language.EN:
            return words.en
        case Language.BOTH:
            return words.zh if words.zh == words.en else f"{words.zh} / {words.en}"


class Terminal:
    """Lines to standard output, faults to standard error.

    A terminal that is gone (a closed window, a reader that ended) must not stop what is running
    behind it, so a failing write turns the output off instead of raising.
    """

    def __init__(self, language: Language) -> None:
        self.language: Final = language
        self.gone = False
        """Whether a write has failed: what was said may have been seen by nobody."""

    def say(self, words: Words) -> None:
        """One line of progress."""
        self.line(choose(words, self.language))

    def block(self, *lines: Words) -> None:
        """Several lines that belong together, an empty one before and after; with both
        languages, first all of the Chinese, then all of the English."""
        blocks = {
            Language.ZH: [[line.zh for line in lines]],
            Language.EN: [[line.en for line in lines]],
            Language.BOTH: [[line.zh for line in lines], [line.en for line in lines]],
        }[self.language]
        for texts in blocks:
            self.line("")
            for text in texts:
                self.line(text)
        self.line("")

    def line(self, text: str) -> None:
        """One line as it is."""
        self._write(sys.stdout, text)

    def fault(self, words: Words) -> None:
        """One line about what is wrong."""
        self.warn(choose(words, self.language))

    def warn(self, text: str) -> None:
        """One line to standard error as it is."""
        self._write(sys.stderr, text)

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(text + "\n")
            stream.flush()
        except (OSError, ValueError):
            self.gone = True
            # What is still in the stream's buffer would fail again when the interpreter ends.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1 if stream is sys.stdout else 2)
            os.close(null)
