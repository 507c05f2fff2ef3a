"""Who may do what: the table's promises, and scopes as sets of stops."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.permissions import GRANTS, Permission, Role, roles_with
from hub.access.scope import Scope, contains, make, read, write

CHANGING = set(Permission) - {
    Permission.VIEW,
    Permission.EXPORT,
    Permission.SEE_RAW,
    Permission.AUDIT,
}


def test_every_role_has_its_row_and_may_look() -> None:
    assert set(GRANTS) == set(Role)
    assert all(role.may(Permission.VIEW) for role in Role)


@pytest.mark.parametrize("permission", list(Permission))
def test_somebody_may_do_each_thing_and_the_administrator_everything(
    permission: Permission,
) -> None:
    assert roles_with(permission)[-1] is Role.ADMINISTRATOR


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_who_only_looks_changes_nothing(role: Role) -> None:
    assert not GRANTS[role] & CHANGING


def test_only_auditor_and_administrator_read_who_changed_what() -> None:
    assert roles_with(Permission.AUDIT) == [Role.AUDITOR, Role.ADMINISTRATOR]
    assert roles_with(Permission.ACCOUNTS) == [Role.ADMINISTRATOR]


def test_who_counts_for_a_living_does_not_approve() -> None:
    assert roles_with(Permission.APPROVE_COUNT) == [Role.WAREHOUSE_MANAGER, Role.ADMINISTRATOR]


def test_the_manual_shows_the_table_as_it_is() -> None:
    lines = (Path(__file__).parents[2] / "docs" / "accounts.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    assert rows[0][1:] == [role.value for role in Role]
    shown = {row[0].strip("`"): [cell == "yes" for cell in row[1:]] for row in rows[2:]}
    assert shown == {
        permission.value: [role.may(permission) for role in Role] for permission in Permission
    }


CITIES = st.sampled_from(["", "成都市", "重庆市", "Chengdu"])
STOPS = st.sampled_from(["east", "river", "school", "north"])
SCOPES = st.builds(make, st.lists(STOPS), st.lists(CITIES.filter(bool)))
KNOWN = st.dictionaries(STOPS, CITIES)


@given(SCOPES)
def test_a_scope_is_read_as_it_was_written(scope: Scope) -> None:
    assert read(write(scope)) == scope


@given(SCOPES, KNOWN)
def test_a_scope_holds_its_stops_and_those_of_its_cities_and_no_other(
    scope: Scope, city_of: dict[str, str]
) -> None:
    resolved = scope.resolve(city_of)
    if scope.everywhere:
        assert resolved is None
        return
    assert resolved is not None
    for stop, city in city_of.items():
        assert (stop in resolved) == (stop in scope.stops or city in scope.cities)


@given(SCOPES, SCOPES, KNOWN)
def test_a_scope_contains_another_when_nothing_of_it_is_outside(
    outer: Scope, inner: Scope, city_of: dict[str, str]
) -> None:
    one, other = outer.resolve(city_of), inner.resolve(city_of)
    assert contains(None, other)
    assert contains(one, one)
    if one is not None:
        assert not contains(one, None)
        if other is not None:
            assert contains(one, other) == all(stop in one for stop in other)
