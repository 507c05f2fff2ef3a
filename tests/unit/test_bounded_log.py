"""A child's log stays small for ever, and its last lines are at hand."""

from pathlib import Path

from yicang.children import LOG_BYTES, TAIL_LINES, BoundedLog


def test_it_never_takes_more_than_twice_its_bound(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "x.log")
    line = b"x" * 999 + b"\n"
    for _ in range(4 * LOG_BYTES // len(line)):
        log.write(line)
    log.close()
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {"x.log", "x.log.1"}
    assert all(size <= LOG_BYTES + 2 * len(line) for size in sizes.values())


def test_a_new_run_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for word in (b"one\n", b"two\n"):
        log = BoundedLog(tmp_path / "x.log")
        log.write(word)
        log.close()
    assert (tmp_path / "x.log").read_bytes() == b"one\ntwo\n"


def test_the_tail_is_there_even_where_nothing_can_be_written(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "missing" / "x.log")
    for number in range(100):
        log.write(b"line %d \xff\n" % number)
    assert len(log.tail()) == TAIL_LINES
    assert log.tail()[-1] == "line 99 �"
