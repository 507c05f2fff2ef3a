"""The paper that comes out of a kiosk's printer, as somebody reads it who holds it in the hand."""

from pathlib import Path

from tests.support.paper import read_codes
from tests.support.processes import until
from tests.support.virtual_printer import PtyPrinter, VirtualPrinter


class Roll:
    """A printer on a pseudo-terminal at ``path``, and all pieces of paper that it gave so far."""

    def __init__(self, path: Path) -> None:
        self.printer = VirtualPrinter()
        self._line = PtyPrinter(path, self.printer)
        self._codes: list[list[str]] = []

    def close(self) -> None:
        """Pulls the plug."""
        self._line.close()

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return len(self.printer.pages)

    def codes(self) -> list[list[str]]:
        """The bar and QR codes on each piece, as a reader that knows nothing of us decodes them."""
        for page in self.printer.pages[len(self._codes) :]:
            self._codes.append([code.text for code in read_codes(page)])
        return self._codes

    def every_code(self) -> list[str]:
        """The codes of all pieces in a row."""
        return [code for piece in self.codes() for code in piece]

    def carrying(self, code: str, *, times: int = 1) -> list[int]:
        """The numbers of the pieces that carry this code, when there are so many."""

        def pieces() -> list[int] | None:
            found = [number for number, codes in enumerate(self.codes()) if code in codes]
            return found if len(found) >= times else None

        return until(f"{times} pieces of paper with {code}", pieces)

    def saying(self, *words: str, after: int = 0) -> str:
        """The text of the first piece from number ``after`` on that says all of ``words``."""

        def piece() -> str | None:
            return next(
                (
                    text
                    for text in self.printer.texts[after:]
                    if all(word in text for word in words)
                ),
                None,
            )

        try:
            return until(f"paper that says {words}", piece)
        except AssertionError as error:
            raise AssertionError(f"{error}; there is {self.printer.texts[after:]}") from None

    def text(self, number: int) -> str:
        """What the printer's own letters say on this piece."""
        return self.printer.texts[number]
