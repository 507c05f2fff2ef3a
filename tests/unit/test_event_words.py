"""Whoever chooses among types of events reads words, in either language."""

import pytest

from contract import events
from hub.web import catalogues
from hub.web.event_words import TYPES


def test_every_type_of_event_has_words_and_no_two_the_same() -> None:
    assert TYPES.keys() == events.TYPES
    assert len({str(words) for words in TYPES.values()}) == len(TYPES)


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_the_words_are_there_in_both_languages_and_tell_types_apart(language: str) -> None:
    held = {str(one.id): catalogues.texts_of(one) for one in catalogues.read(language) if one.id}
    told = {kind: held[words._args[0]] for kind, words in TYPES.items()}
    assert all(len(texts) == 1 and texts[0] for texts in told.values())
    same = [kind for kind, texts in told.items() if list(told.values()).count(texts) > 1]
    assert same == []
