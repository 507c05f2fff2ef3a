"""One thing has one name, on paper, on the kiosk's page, on the hub's pages and in messages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.web import catalogues

ROOT = Path(__file__).resolve().parents[2]
ENDINGS = {".py", ".js", ".html", ".po", ".md", ".toml"}
ONE_NAME = {
    "一仓": "义仓",
    "配送单": "送货单",
    "扫描器": "扫码枪",
    "扫描枪": "扫码枪",
    "接收区": "入库区",
}
"""Names that were in use for the same thing, and the one that is left."""


def sources() -> Iterator[Path]:
    for folder in ("contract", "drivers", "kiosk", "hub", "provisioning", "yicang", "docs"):
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix in ENDINGS)
    yield ROOT / "README.md"


@pytest.mark.parametrize(("other", "name"), ONE_NAME.items())
def test_one_thing_has_one_name_everywhere(other: str, name: str) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in sources()}
    found = [str(path.relative_to(ROOT)) for path, text in texts.items() if other in text]
    assert found == [], f"{other}: {name}"
    assert any(name in text for text in texts.values())


def test_what_was_undone_is_not_called_by_the_word_for_what_came_back() -> None:
    messages = {str(m.id): catalogues.texts_of(m) for m in catalogues.read("zh") if m.id}
    assert messages["Taken back"] == ("已撤销",)
    assert not [text for texts in messages.values() for text in texts if "收回" in text]
