"""What an operator types to tell kiosks something, with the hub running and without."""

from pathlib import Path

from contract.codes import Kind, parse, place_code
from contract.events import person_hash
from tests.support import people
from tests.system.test_hub_commands import data, done, hub, refused, with_key

__all__ = ["data", "hub", "with_key"]

SHELF = place_code("00000A")


def test_a_place_is_added_listed_changed_and_removed(hub: Path) -> None:
    done(hub, "place", "add", SHELF.lower(), "shelf", "米架", "Rice shelf")
    assert done(hub, "place", "list") == f"{SHELF} shelf 米架 / Rice shelf\n"
    done(hub, "place", "add", SHELF, "team", "米队", "Rice team")
    assert done(hub, "place", "list") == f"{SHELF} team 米队 / Rice team\n"
    done(hub, "place", "remove", SHELF)
    assert done(hub, "place", "list") == ""
    assert "no such entry" in refused(hub, "place", "remove", SHELF)


def test_a_new_code_is_drawn_where_none_is_given(data: Path) -> None:
    place = done(data, "place", "add", "new", "stop", "东站", "East").split()[0]
    plan = done(data, "plan", "add", "new", "红牡丹", "Red peony", "--items", "4").split()[0]
    assert (parse(place).kind, parse(plan).kind) == (Kind.PLACE, Kind.PLAN)
    assert "(4)" in done(data, "plan", "list")
    done(data, "plan", "add", plan, "红牡丹", "Red peony", "--closed")
    assert "closed" in done(data, "plan", "list")


def test_a_card_s_code_goes_no_further_than_the_command(data: Path) -> None:
    card = people.card()
    shown = done(data, "capability", "add", card, "lead", "sell")
    assert shown == f"{person_hash(card)} lead sell\n"
    assert done(data, "capability", "list") == shown
    files = [path.read_bytes() for path in (data / "hub").iterdir() if path.is_file()]
    assert all(card.encode() not in content for content in files)
    assert any(person_hash(card).encode() in content for content in files)
    done(data, "capability", "remove", card)
    assert done(data, "capability", "list") == ""


REFUSALS = [
    (("capability", "add", "P123", "lead"), "not a code of ours"),
    (("capability", "add", "a" * 64, "recipient"), "recipient"),
    (("place", "add", SHELF, "moon", "月", "Moon"), "moon"),
    (("place", "add", "G7K2M00001AB", "shelf", "架", "Shelf"), "not a code of ours"),
    (("category", "add", "LONG", "长", "Long"), "key"),
    (("campaign", "add", "100", "米", "Rice"), "100"),
    (("skill", "add", "X", "书", "Books"), "key"),
    (("setting", "add", "food_gate", "burn"), "quarantine"),
    (("setting", "add", "food_marginn", "3"), "food_margin_days"),
    (("setting", "add", "food_margin_days", "many"), "food_margin_days"),
    (("setting", "add", "opening", "8-18"), "opening"),
    (("setting", "add", "market", "perhaps"), "market"),
    (("setting", "add", "market", "on", "--stop", "stop-9"), "no such stop"),
    (("setting", "remove", "market"), "no value was chosen"),
]


def test_what_cannot_be_is_refused_in_words_that_name_it(data: Path) -> None:
    for words, reason in REFUSALS:
        assert reason in refused(data, *words), words


def test_settings_hold_for_all_stops_until_a_stop_has_its_own(data: Path) -> None:
    assert "food_gate = refuse  默认 / default" in done(data, "setting", "list")
    done(data, "setting", "add", "food_margin_days", "7")
    done(data, "setting", "add", "opening", "08:30-18:00")
    done(data, "setting", "add", "idle_s", "market=3600,count=900")
    done(data, "setting", "add", "payments", "C,W", "--stop", "stop-1")
    listed = done(data, "setting", "list").splitlines()
    assert "food_margin_days = 7" in listed
    assert "idle_s = market=3600,count=900" in listed
    assert f"opening = {','.join(['08:30-18:00'] * 7)}" in listed
    assert "stop-1: payments = C,W" in listed
    done(data, "setting", "remove", "food_margin_days")
    assert "food_margin_days = 7" not in done(data, "setting", "list")


def test_a_withdrawn_category_stays_known(data: Path) -> None:
    done(data, "category", "add", "P1", "宠物", "Pets")
    done(data, "category", "remove", "F2")
    listed = done(data, "category", "list")
    assert "P1 宠物 / Pets" in listed
    assert "F2 食品饮料 / Food and drinks  不再使用 / withdrawn" in listed
    assert "no such category" in refused(
        data, "product", "add", "6901234567892", "F2", "米", "Rice"
    )


def test_a_table_is_taken_whole_or_not_at_all_and_its_wrong_line_is_named(
    hub: Path, tmp_path: Path
) -> None:
    table = tmp_path / "plans.csv"
    good = f"{people.plan(1)},红牡丹,Red peony,4,true"
    table.write_text(f"code,zh,en,items,open\n{good}\nD000,坏,Bad,1,true\n", encoding="utf-8")
    assert f"{table}:3" in refused(hub, "plan", "import", str(table))
    assert done(hub, "plan", "list") == ""
    table.write_text(f"\ufeffcode,zh,en,items,open\n{good}\n", encoding="utf-8")
    assert "1" in done(hub, "plan", "import", str(table))
    assert "Red peony (4)" in done(hub, "plan", "list")
