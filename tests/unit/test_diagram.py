"""The page that explains the workflow shows the workflow as it is."""

from pathlib import Path

import pytest

from kiosk import diagram
from kiosk.inputs import InputKind
from kiosk.state import Phase
from kiosk.workflow import TABLE

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"


def test_the_architecture_page_shows_the_table_of_today() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == diagram.renewed(page), "stale: run python -m kiosk.diagram docs/architecture.md"


def test_every_row_is_on_the_page_and_every_way_is_an_arrow() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for row in TABLE:
        assert f"| {row.does} |" in page
    arrows = [line.strip() for line in page.splitlines() if "-->" in line]
    assert any(line.startswith("intake --> rest: finish, timeout") for line in arrows)
    assert any(line.startswith("plan --> carded: card") for line in arrows)
    assert not any("help" in line for line in arrows), "what stays is no arrow"


def test_every_phase_and_input_has_words() -> None:
    assert set(diagram.PHASES) == set(Phase)
    assert set(diagram.INPUTS) == set(InputKind)


def test_an_older_page_is_rewritten_between_its_markers_only(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{diagram.BEGIN}\nold\n{diagram.END}\nafter\n")
    assert diagram.main([str(page)]) == 0
    text = page.read_text()
    assert text.startswith(f"before\n{diagram.BEGIN}\n")
    assert text.endswith(f"{diagram.END}\nafter\n")
    assert "old\n" not in text
    assert diagram.renewed(text) == text


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing to draw in\n")
    with pytest.raises(ValueError, match="needs the lines"):
        diagram.main([str(page)])
    assert page.read_text() == "nothing to draw in\n"
