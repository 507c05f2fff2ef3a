"""Labels printed ahead and people's cards, from the command line to the hub and back."""

import csv
import stat
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from contract.codes import READY_MADE, Kind, parse, to_base32
from hub import db
from hub.commands import hub
from hub.printing.ready_made import NoLabelPrefixError, draw_prefix
from provisioning.cards import cards_command
from provisioning.local import provision
from tests.support.paper import read_codes


@pytest.fixture
def data(tmp_path: Path) -> Path:
    provision(tmp_path / "data")
    return tmp_path / "data"


def cards(*arguments: object) -> Result:
    result = CliRunner().invoke(cards_command, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    return result


def asked(*arguments: object) -> str:
    result = CliRunner().invoke(hub, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def codes(pdf: Path, dpi: int = 203) -> Iterator[str]:
    document = pypdfium2.PdfDocument(pdf)  # type: ignore[no-untyped-call]
    try:
        for page in document:
            picture = page.render(scale=dpi / 72).to_pil()
            for code in read_codes(picture, scale=1):
                if code.symbology == "Code128":
                    yield code.text
    finally:
        document.close()  # type: ignore[no-untyped-call]


def issued(data: Path) -> dict[str, str | None]:
    """The hub's prefixes and whose they are."""
    engine = db.open_reader(db.sqlite_url(data / "hub" / "hub.sqlite3"))
    try:
        with engine.connect() as connection:
            rows = connection.execute(sa.select(db.prefix.c.prefix, db.prefix.c.kiosk))
            return {row.prefix: row.kiosk for row in rows}
    finally:
        engine.dispose()


@pytest.mark.parametrize("layout", ["a4", "card"])
@pytest.mark.parametrize("dpi", [203, 300])
def test_item_and_box_labels_read_and_wait_to_be_bound(
    data: Path, tmp_path: Path, layout: str, dpi: int
) -> None:
    out = tmp_path / "labels.pdf"
    cards("--data", data, "--items", 26, "--boxes", 10, "--format", layout, "--out", out)
    found = [parse(text) for text in codes(out, dpi)]
    assert len(found) == len({code.text for code in found}) == 36
    assert sum(code.kind is Kind.ITEM for code in found) == 26
    assert all(code.ready_made for code in found)
    [prefix] = {code.prefix for code in found}
    assert issued(data)[prefix] is None  # no kiosk's


def test_no_run_of_labels_has_a_prefix_that_another_had(data: Path, tmp_path: Path) -> None:
    before = set(issued(data))
    for run in range(3):
        cards("--data", data, "--items", 1, "--out", tmp_path / f"{run}.pdf")
    new = set(issued(data)) - before
    assert len(new) == 3
    assert all(prefix.startswith(READY_MADE) for prefix in new)
    assert {
        parse(code).prefix for run in range(3) for code in codes(tmp_path / f"{run}.pdf")
    } == new


def test_the_last_prefix_is_found_and_then_there_is_none(data: Path) -> None:
    engine = db.open_writer(db.sqlite_url(data / "hub" / "hub.sqlite3"))
    try:
        with engine.begin() as connection:
            taken = [READY_MADE + to_base32(number, 3) for number in range(32**3) if number != 77]
            rows = [{"prefix": one, "kiosk": None, "issued_ms": 0} for one in taken]
            connection.execute(db.prefix.insert(), rows)
            tries = iter([5, 76, 77])  # the first two are taken
            last = draw_prefix(connection, 1, draw=lambda _: next(tries))
            assert last == READY_MADE + to_base32(77, 3)
            with pytest.raises(NoLabelPrefixError, match="no prefix is left"):
                draw_prefix(connection, 1)
    finally:
        engine.dispose()


def test_the_hub_learns_what_a_card_may_do_and_never_the_cards_code(
    data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "people.pdf"
    cards("--out", out, "--persons", 2, "--personal", 1, "--can", "count")
    register = tmp_path / "people-hashes.csv"
    said = asked("capability", "import", register, "--data", data)
    assert "imported: 1" in said
    assert "skipped: 2" in said
    [personal] = [row for row in csv.DictReader(register.read_text().splitlines()) if row["can"]]
    assert asked("capability", "list", "--data", data).strip() == f"{personal['person']} count"
    tokens = list(codes(out, 300))
    assert len(tokens) == 3
    for path in [register, *data.rglob("*")]:
        if path.is_file():
            kept = path.read_bytes()
            assert not any(token.encode() in kept for token in tokens), path
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_places_that_the_hub_has_named_get_their_sheets(data: Path, tmp_path: Path) -> None:
    asked("place", "add", "new", "team", "红队", "Red team", "--data", data)
    asked("campaign", "add", "7", "一勺米", "A spoon of rice", "--data", data)
    [team] = [
        line.split()[0]
        for line in asked("place", "list", "--data", data).splitlines()
        if "红队" in line
    ]
    out = tmp_path / "places.pdf"
    cards("--data", data, "--only", "place,campaign", "--out", out)
    found = {parse(text) for text in codes(out)}
    assert team in {code.text for code in found}
    assert [code.action.argument for code in found if code.kind is Kind.ACTION] == ["007"]
    document = pypdfium2.PdfDocument(out)  # type: ignore[no-untyped-call]
    try:
        text = "".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()  # type: ignore[no-untyped-call]
    assert "红队" in text
    assert "一勺米" in text
