"""Every text of the pages exists in both languages, and the Chinese is set as Chinese is."""

import re
from collections.abc import Iterator

import pytest

from contract.actions import CATEGORIES, UNSORTED
from hub.web import catalogues

HAN = "\u3400-\u9fff\u3000-\u303f\uff00-\uffef"
SPACE_BESIDE_HAN = re.compile(rf"[{HAN}] | [{HAN}]")
HALF_WIDTH_BESIDE_HAN = re.compile(rf"[{HAN}][,.;:!?()]|[,;:!?()][{HAN}]")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


def texts(language: str) -> Iterator[tuple[str, str]]:
    for message in catalogues.read(language):
        if message.id:
            singular = message.id if isinstance(message.id, str) else message.id[0]
            for text in catalogues.texts_of(message):
                yield singular, text


@pytest.fixture(scope="module")
def source() -> dict[str, str | tuple[str, str]]:
    return catalogues.in_source()


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_no_text_is_missing(language: str, source: dict[str, str | tuple[str, str]]) -> None:
    assert list(catalogues.missing(catalogues.read(language), source)) == []


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_the_catalogue_holds_what_the_source_says_and_no_more(
    language: str, source: dict[str, str | tuple[str, str]]
) -> None:
    held = {singular for singular, _ in texts(language)}
    assert held == set(source)
    assert len(held) > 200


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_the_compiled_catalogue_is_the_written_one(language: str) -> None:
    written = catalogues.compiled(catalogues.read(language))
    assert catalogues.path(language, "mo").read_bytes() == written


def test_english_repeats_the_source(source: dict[str, str | tuple[str, str]]) -> None:
    for singular, text in texts("en"):
        plural = source[singular]
        assert text == plural or text in plural


def test_chinese_fills_in_the_same_values() -> None:
    for singular, text in texts("zh"):
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(singular)), singular


def test_chinese_has_full_width_punctuation_and_no_spaces() -> None:
    for _, text in texts("zh"):
        assert not SPACE_BESIDE_HAN.search(text), text
        assert not HALF_WIDTH_BESIDE_HAN.search(text), text


def test_chinese_is_chinese() -> None:
    for singular, text in texts("zh"):
        words = re.sub(r"\W", "", PLACEHOLDER.sub("", singular))
        assert not words or re.search("[\u3400-\u9fff]", text), singular


def test_categories_have_both_names() -> None:
    for category in (*CATEGORIES, UNSORTED):
        assert re.fullmatch("[\u3400-\u9fff]+", category.zh)
        assert category.en.isascii()
