"""PDFs as a printer or a reader gets them: pixels and text, by an independent library."""

from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2
import zxingcpp

SCALE = 3.0
"""Pixels for each point: 216 to the inch, as a label printer has."""

FINER = 4.5
"""A second look. A scanner looks a hundred times, each a little elsewhere; at one resolution alone
the decoder misses a code in a thousand, whose bars fall just between two pixels."""


@contextmanager
def _opened(content: bytes) -> Iterator[pypdfium2.PdfDocument]:
    document = pypdfium2.PdfDocument(content)  # type: ignore[no-untyped-call]
    try:
        yield document
    finally:
        document.close()  # type: ignore[no-untyped-call]


def codes_on(content: bytes, page: int = 0) -> list[str]:
    """The bar codes and QR codes on a page, in order, each once."""
    with _opened(content) as document:
        looks = [document[page].render(scale=scale).to_pil() for scale in (SCALE, FINER)]
        return sorted({one.text for look in looks for one in zxingcpp.read_barcodes(look)})


def text_of(content: bytes) -> str:
    """The words of all pages."""
    with _opened(content) as document:
        return "".join(page.get_textpage().get_text_range() for page in document)
