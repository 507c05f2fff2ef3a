"""The message catalogues: `python -m hub.web.catalogues` brings them up to date and compiles them.

The texts in the source are English. ``translations/en`` repeats them, ``translations/zh`` holds
their Chinese; what the source no longer says goes, what is new comes in empty and fails a test
until somebody has translated it.
"""

import datetime as dt
import sys
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HERE: Final = Path(__file__).parent
LANGUAGES: Final = ("en", "zh")
KEYWORDS: Final = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
}
METHODS: Final = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS: Final = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}


WRITTEN: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""The date in the header: fixed, so that nothing but texts can make a difference."""


def path(language: str, ending: str) -> Path:
    """The catalogue's file, ``po`` or ``mo``."""
    return HERE / "translations" / language / "LC_MESSAGES" / f"messages.{ending}"


def in_source() -> dict[str, str | tuple[str, str]]:
    """Every message of the source by its singular; plural ones as (singular, plural)."""
    found: dict[str, str | tuple[str, str]] = {}
    for _file, _line, message, _comments, _context in extract_from_dir(
        HERE, METHODS, OPTIONS, KEYWORDS
    ):
        one = (message[0], message[1]) if isinstance(message, tuple) else message
        found[one[0] if isinstance(one, tuple) else one] = one
    return found


def read(language: str) -> Catalog:
    """The committed catalogue."""
    with path(language, "po").open("rb") as file:
        return read_po(file, locale=language)


def renewed(language: str, source: Mapping[str, str | tuple[str, str]]) -> Catalog:
    """The catalogue with exactly the messages of ``source``."""
    old = read(language)
    new = Catalog(
        locale=language,
        project="yicang-stop",
        version="1",
        header_comment="# Texts of the hub's pages; written by python -m hub.web.catalogues.",
        copyright_holder="The Yicang Stop developers",
        msgid_bugs_address="see CONTRIBUTING.md",
        last_translator="The Yicang Stop developers",
        language_team="The Yicang Stop developers",
        creation_date=WRITTEN,
        revision_date=WRITTEN,
        charset="utf-8",
        fuzzy=False,
    )
    for singular, message in sorted(source.items()):
        kept = old.get(singular)
        new.add(message, _text(language, message, kept))
    return new


def _text(
    language: str, message: str | tuple[str, str], kept: Message | None
) -> str | tuple[str, ...]:
    if language == "en":
        return message
    if kept is not None and kept.string:
        return kept.string if isinstance(kept.string, str) else tuple(kept.string)
    return ("",) if isinstance(message, tuple) else ""


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as gettext reads it."""
    target = BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def texts_of(message: Message | None) -> tuple[str, ...]:
    """Every text of a message: one, or one for each plural form; none where there is none."""
    if message is None or not message.string:
        return ()
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def missing(catalogue: Catalog, source: Iterable[str]) -> Iterator[str]:
    """Messages of ``source`` that the catalogue has no text for."""
    for singular in source:
        texts = texts_of(catalogue.get(singular))
        if not texts or not all(texts):
            yield singular


def main() -> int:
    """Write every catalogue; 1 while a text is missing."""
    source = in_source()
    lacking: list[str] = []
    for language in LANGUAGES:
        catalogue = renewed(language, source)
        with path(language, "po").open("wb") as file:
            write_po(file, catalogue, omit_header=False, width=100, sort_output=True)
        path(language, "mo").write_bytes(compiled(read(language)))
        lacking += [f"{language}: {text}" for text in missing(catalogue, source)]
    sys.stdout.write("".join(f"{line}\n" for line in lacking))
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
