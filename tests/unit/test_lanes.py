"""One kiosk that sends much delays nobody else, and takes no more room than its own."""

import threading

from hub.log.lanes import Bounds, Lanes, Share

BOUNDS = Bounds(lane_pieces=8, lane_bytes=800, bytes=2000)
SHARE = Share(pieces=6, bytes=600, lane_pieces=4, lane_bytes=300)


def filled(*pieces: tuple[str, str, int]) -> Lanes[str]:
    lanes: Lanes[str] = Lanes(BOUNDS)
    for lane, piece, size in pieces:
        assert lanes.put(lane, piece, size, 0)
    return lanes


def test_who_comes_after_a_crowd_of_anothers_is_in_the_next_group() -> None:
    lanes = filled(*(("noisy", f"n{n}", 1) for n in range(8)), ("quiet", "q", 1))
    assert "q" in lanes.take(SHARE, 0)


def test_one_kiosk_alone_gets_no_more_than_its_share_of_bytes() -> None:
    lanes = filled(*(("noisy", f"n{n}", 100) for n in range(8)))
    assert lanes.take(SHARE, 0) == ["n0", "n1", "n2"]
    assert lanes.take(SHARE, 0) == ["n3", "n4", "n5"]
    assert lanes.take(SHARE, 0) == ["n6", "n7"]


def test_nor_more_than_its_share_of_pieces_however_small() -> None:
    lanes = filled(*(("noisy", f"n{n}", 1) for n in range(6)))
    assert lanes.take(SHARE, 0) == ["n0", "n1", "n2", "n3"]
    assert lanes.take(SHARE, 0) == ["n4", "n5"]


def test_many_kiosks_take_turns_over_several_groups() -> None:
    names = [f"kiosk-{n}" for n in range(9)]
    lanes = filled(*((name, f"{name}.{n}", 10) for name in names for n in range(2)))
    groups = [lanes.take(SHARE, 0) for _ in range(3)]
    assert {piece.split(".")[0] for piece in groups[0] + groups[1]} == set(names)
    assert sum(map(len, groups)) == 18


def test_what_is_taken_at_once_is_in_the_order_in_which_it_came() -> None:
    lanes = filled(("a", "1", 1), ("b", "2", 1), ("a", "3", 1), ("a", "4", 1), ("b", "5", 1))
    assert lanes.take(SHARE, 0) == ["1", "2", "3", "4", "5"]


def test_a_full_lane_leaves_room_for_others() -> None:
    lanes = filled(*(("noisy", "n", 100) for _ in range(8)))
    assert lanes.is_full("noisy", 1)
    assert not lanes.put("noisy", "one more", 1, 0)
    assert not lanes.is_full("quiet", 1)
    assert lanes.put("quiet", "q", 1, 0)


def test_a_piece_above_every_bound_passes_when_nothing_else_waits() -> None:
    lanes = filled(("noisy", "giant", 5000))
    assert not lanes.put("other", "o", 1, 0)
    assert lanes.take(SHARE, 0) == ["giant"]
    assert lanes.put("other", "o", 1, 0)


def test_who_waits_for_room_goes_on_when_there_is_some() -> None:
    lanes = filled(*((name, "x", 700) for name in ("a", "b")))
    put: list[bool] = []
    waiting = threading.Thread(target=lambda: put.append(lanes.put("c", "late", 700, 20)))
    waiting.start()
    assert lanes.take(SHARE, 0) == ["x"]
    waiting.join(20)
    assert put == [True]
    assert lanes.drain() == ["x", "late"]


def test_closing_wakes_who_waits_and_lets_nothing_in() -> None:
    lanes: Lanes[str] = Lanes(BOUNDS)
    taken: list[list[str]] = []
    waiting = threading.Thread(target=lambda: taken.append(lanes.take(SHARE, 20)))
    waiting.start()
    lanes.close()
    waiting.join(20)
    assert taken == [[]]
    assert not lanes.put("a", "x", 1, 20)
