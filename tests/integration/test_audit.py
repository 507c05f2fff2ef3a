"""The audit log: what is written, that it stays, who reads it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from hub import db, desk, operations
from hub.access import audit
from hub.access.audit import By
from hub.access.permissions import Role
from hub.web import audit_words
from tests.integration.test_web_accounts import acts, send, sign_in, words
from tests.support.hub_site import DAY_MS, HubSite

ROOT = Path(__file__).parents[2]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_user("chief", Role.ADMINISTRATOR)
    found.add_user("checker", Role.AUDITOR)
    yield found
    found.close()


def written(site: HubSite, what: str, subject: str, stop: str = "", who: str = "a") -> None:
    site.writer.call(
        lambda connection: audit.note(
            connection, By(who), what, subject, {}, site.now_ms, stop=stop
        )
    )


@pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_log(site: HubSite, statement: str) -> None:
    written(site, "table.exported", "items")
    with pytest.raises(DBAPIError, match="append-only"):
        site.writer.call(lambda connection: connection.execute(sa.text(statement)))
    assert acts(site) == [("a", "table.exported")]


def test_the_log_speaks_of_ids_and_never_of_names(site: HubSite) -> None:
    chief = sign_in(site, "chief")
    form = {"name": "wang-xiaoming", "role": "viewer", "where": "everywhere"}
    send(chief, "/accounts/new", "/accounts/new", **form)
    with site.reader.connect() as connection:
        rows = connection.execute(sa.select(db.audit)).all()
    assert rows
    assert not re.search("wang|chief|127.0.0.1", repr(rows))


def test_the_page_names_who_did_what_and_from_which_session(site: HubSite) -> None:
    chief = sign_in(site, "chief")
    form = {"name": "wang", "role": "operator", "where": "everywhere"}
    send(chief, "/accounts/new", "/accounts/new", **form)
    page = words(sign_in(site, "checker").get("/audit").text)
    assert re.search(r"chief Added an account wang Role: Operator [0-9a-f]{16}", page)


def test_commands_are_noted_as_given_at_the_command_line(site: HubSite) -> None:
    def perform(operation: operations.Operation) -> None:
        site.writer.call(lambda connection: desk.change(connection, operation, site.now_ms))

    perform(operations.AddUser("li", "long enough", Role.VIEWER))
    perform(operations.SetPassword("li", "long enough too"))
    perform(operations.CreateToken(Role.VIEWER))
    perform(operations.PutEntries("skills", [{"key": "01", "zh": "剪发", "en": "Haircut"}]))
    perform(operations.RemoveEntry("skills", "01"))
    told = {what for who, what in acts(site) if who == audit.COMMAND_LINE.account}
    assert told == {
        "account.added",
        "account.password",
        "token.created",
        "reference.put",
        "reference.removed",
    }
    assert "at the command line" in words(sign_in(site, "checker").get("/audit").text)


def test_filters_leave_what_was_asked_for(site: HubSite) -> None:
    written(site, "table.exported", "items")
    written(site, "setting.put", "food_gate")
    site.now_ms += 3 * DAY_MS
    written(site, "table.exported", "stock")
    checker = sign_in(site, "checker")
    page = words(checker.get("/audit?what=table.exported").text)
    assert "items" in page
    assert "food_gate" not in page
    page = checker.get("/audit?what=table.exported&at_from=2026-11-05").text
    table = words(page[page.index("<tbody") : page.index("</tbody>")])
    assert "stock" in table
    assert " items " not in table


def test_a_long_log_is_paged_newest_first(site: HubSite) -> None:
    for number in range(120):
        site.now_ms += 1000
        written(site, "table.exported", f"table-{number:03}")
    checker = sign_in(site, "checker")
    seen: list[str] = []
    address: str | None = "/audit?what=table.exported"
    while address:
        html = checker.get(address).text
        seen += re.findall(r"table-\d{3}", html)
        following = re.search(r'rel="next" href="([^"]+)"', html)
        address = following[1].replace("&amp;", "&") if following else None
    assert seen == [f"table-{number:03}" for number in reversed(range(120))]


def test_an_auditor_of_one_stop_reads_what_concerns_it(site: HubSite) -> None:
    site.add_stop("east", "东门义仓站", "East Gate", ("", ""), "4K2P")
    written(site, "setting.put", "here-it-is", "east")
    written(site, "setting.put", "elsewhere", "river")
    site.add_user("local", Role.AUDITOR, stops=["east"])
    page = words(sign_in(site, "local").get("/audit").text)
    assert "here-it-is East Gate" in page
    assert "elsewhere" not in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.WAREHOUSE_MANAGER])
def test_nobody_else_reads_the_log(site: HubSite, role: Role) -> None:
    site.add_user("somebody", role)
    assert sign_in(site, "somebody").get("/audit").status_code == 403


def noted() -> Iterator[str]:
    """Every act that is written out in the source, as an argument of `audit.note` or a variable."""
    for package in ("hub", "provisioning"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                name = ast.unparse(node.func)
                place = {"audit.note": 2, "note": 2, "_note": 1}.get(name)
                if place is None or len(node.args) <= place:
                    continue
                act = node.args[place]
                if isinstance(act, ast.Constant) and isinstance(act.value, str):
                    yield act.value


def test_every_act_that_is_written_has_words() -> None:
    found = set(noted())
    assert len(found) > 10
    assert found - set(audit_words.ACTS) == set()


def test_a_detail_is_told_in_words_whatever_it_holds(site: HubSite) -> None:
    detail = {"role": "operator", "stops": ["east"], "before": {"role": "viewer"}, "renamed": True}
    site.writer.call(
        lambda connection: audit.note(
            connection, By("a"), "account.changed", "x", detail, site.now_ms
        )
    )
    page = words(sign_in(site, "checker").get("/audit").text)
    assert "Role: Operator; Stops: east; before: (Role: Viewer); renamed: yes" in page
    chinese = words(sign_in(site, "checker", language="zh").get("/audit").text)
    assert "角色：运营人员；站点：east；原来：（角色：查看者）；改名：是" in chinese


def test_an_export_of_the_log_is_itself_noted(site: HubSite) -> None:
    checker = sign_in(site, "checker")
    answer = checker.get("/audit?format=csv")
    assert answer.status_code == 200
    assert "Signed in" in answer.text
    assert ("checker", "table.exported") in acts(site)
    assert msgspec.json.decode(_detail(site, "table.exported"))["format"] == "csv"
    assert "()" not in words(checker.get("/audit?what=table.exported").text)


def _detail(site: HubSite, what: str) -> str:
    with site.reader.connect() as connection:
        found: str | None = connection.scalar(
            sa.select(db.audit.c.detail).where(db.audit.c.what == what)
        )
    assert found is not None
    return found
