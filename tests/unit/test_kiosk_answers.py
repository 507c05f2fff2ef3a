"""What the hub makes of a kiosk's answers: it only goes forward, and nothing in doubt is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.codes import Kind, serial_code
from contract.messages import FINAL_STATES, CommandState, Reply
from hub.kiosks.command_rows import WAITING, Told, told

ID = "00000000000000aa"
CODES = [serial_code(Kind.ITEM, "ZABC", n) for n in range(6)]


def after(*replies: Reply) -> Told:
    """All of them, one after the other."""
    known = Told()
    for reply in replies:
        known = told(known, reply, CODES)
    return known


def printing(printed: int, *doubtful: str) -> Reply:
    left = len(CODES) - printed - len(doubtful)
    return Reply(ID, True, "", "printing", printed, left, doubtful)


def test_an_answer_that_comes_late_changes_nothing() -> None:
    assert after(printing(3), printing(1)) == after(printing(3))
    done = Reply(ID, True, "", "done", 6)
    assert after(done, printing(2), Reply(ID, False, "", "refused")) == after(done)


def test_an_older_kiosk_knows_no_commands() -> None:
    said = after(Reply(ID, False, "not-supported"))
    assert (said.state, said.is_final, said.begun) == (CommandState.UNKNOWN, True, 0)


@pytest.mark.parametrize(("ok", "final"), [(True, False), (False, True)])
def test_a_word_of_a_later_kiosk_is_taken_by_whether_it_went_well(ok: bool, final: bool) -> None:
    said = after(Reply(ID, ok, "new-word", "dancing", 2, 4))
    assert (said.is_final, said.detail, said.printed) == (final, "new-word", 2)


def test_what_a_kiosk_without_memory_had_not_told_is_in_doubt() -> None:
    said = after(printing(2, CODES[1]), Reply(ID, False, "forgotten", "failed"))
    assert (said.state, said.printed) == ("failed", 2)
    assert said.doubtful == (CODES[1], *CODES[3:])


def test_codes_that_were_never_ordered_are_in_nobodys_doubt() -> None:
    stranger = serial_code(Kind.ITEM, "4K2P", 1)
    said = after(Reply(ID, True, "", "done", 900, 0, (stranger,)))
    assert (said.printed, said.doubtful) == (6, ())


STATES = [*CommandState, "", "dancing"]


@given(
    st.lists(
        st.builds(
            Reply,
            st.just(ID),
            st.booleans(),
            st.sampled_from(["", "forgotten", "printer-waits"]),
            st.sampled_from(STATES),
            st.integers(0, 9),
            st.integers(0, 9),
            st.lists(st.sampled_from(CODES), max_size=3, unique=True).map(tuple),
        ),
        max_size=8,
    )
)
def test_whatever_is_said_labels_never_become_unprinted(replies: list[Reply]) -> None:
    known = Told()
    for reply in replies:
        now = told(known, reply, CODES)
        assert now.begun >= known.begun
        assert now.state != WAITING
        if known.is_final:
            assert now == known
        assert now.is_final == (now.state in FINAL_STATES)
        known = now
