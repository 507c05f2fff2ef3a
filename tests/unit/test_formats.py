"""Texts of the hub's pages: what may be broken over lines, and where."""

from markupsafe import Markup

from hub.web.formats import breakable


def test_a_release_s_name_breaks_at_its_parts() -> None:
    told = breakable("release-20261119T131320-bbbbbbb")
    assert told == Markup("<span>release-<wbr>20261119T131320-<wbr>bbbbbbb</span>")


def test_a_digest_breaks_though_it_has_no_parts() -> None:
    told = str(breakable("4" * 64))
    pieces = told.removeprefix("<span>").removesuffix("</span>").split("<wbr>")
    assert "".join(pieces) == "4" * 64
    assert max(map(len, pieces)) <= 16


def test_words_that_fit_stay_whole() -> None:
    for text in ("", "kiosk-east", "Long sentences have spaces, and break at these by themselves."):
        assert breakable(text) == text
    assert breakable("义仓" * 40) == "义仓" * 40


def test_what_somebody_typed_stays_text() -> None:
    told = str(breakable('<script src="//example.org/long-enough.js">'))
    assert "<script" not in told
    assert told.replace("<wbr>", "").startswith("<span>&lt;script src=&#34;//example")
