"""What each role may do: the one table that every page, route and command asks.

A role is a row, a permission a column; a page names the permission that it needs, never a role
(`hub.web.login.needs`). What a role may do, it may do at the stops of its account's scope
(`hub.access.scope`) and nowhere else.

Two rules are not in the table, because they are about persons and not about roles: a count is
approved by another account than those that counted, and nobody takes the last administrator's
role away (`hub.access.accounts`).
"""

import enum
from typing import Final


class Permission(enum.StrEnum):
    """Something that an account may be allowed to do."""

    VIEW = "view"
    """See stock, items, kiosks, incidents and figures."""
    EXPORT = "export"
    """Take tables away as files."""
    EDIT_STOCK = "edit-stock"
    """Correct, reserve, move, pack, recall and dispose of goods."""
    COUNT = "count"
    """Plan a count and take part in it."""
    APPROVE_COUNT = "approve-count"
    """Approve a count that somebody else made."""
    CLOSE_MONTH = "close-month"
    """Close a month's books."""
    MARKET = "market"
    """Prices and sales of the charity market."""
    LABELS = "labels"
    """Print labels ahead."""
    PAPERS = "papers"
    """Change what a stop's labels and receipts look like."""
    NAME_CODES = "name-codes"
    """Name retail codes, places, plans and categories."""
    SETTINGS = "settings"
    """Change how stops and their kiosks work."""
    FLEET = "fleet"
    """Add stops and name them; add kiosks, replace them and take them out of use."""
    RESOLVE_INCIDENT = "resolve-incident"
    """Say that an incident was seen, and rule on it."""
    SEE_RAW = "see-raw"
    """See received bytes as they came, and what could not be understood."""
    AUDIT = "audit"
    """Read who changed what."""
    ACCOUNTS = "accounts"
    """Add, change and deactivate accounts; end their sessions."""


class Role(enum.StrEnum):
    """What an account is for."""

    VIEWER = "viewer"
    VOLUNTEER_LEAD = "volunteer-lead"
    WAREHOUSE_MANAGER = "warehouse-manager"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"

    def may(self, permission: Permission) -> bool:
        """Whether this role holds ``permission``."""
        return permission in GRANTS[self]


_VIEWER: Final = frozenset({Permission.VIEW})
_LEAD: Final = _VIEWER | {
    Permission.COUNT,
    Permission.MARKET,
    Permission.LABELS,
    Permission.NAME_CODES,
}
_MANAGER: Final = _LEAD | {
    Permission.EXPORT,
    Permission.PAPERS,
    Permission.EDIT_STOCK,
    Permission.APPROVE_COUNT,
    Permission.CLOSE_MONTH,
    Permission.FLEET,
    Permission.RESOLVE_INCIDENT,
}
_OPERATOR: Final = _LEAD | {
    Permission.EXPORT,
    Permission.PAPERS,
    Permission.EDIT_STOCK,
    Permission.SETTINGS,
    Permission.FLEET,
    Permission.RESOLVE_INCIDENT,
    Permission.SEE_RAW,
}
_AUDITOR: Final = _VIEWER | {Permission.EXPORT, Permission.SEE_RAW, Permission.AUDIT}

GRANTS: Final[dict[Role, frozenset[Permission]]] = {
    Role.VIEWER: _VIEWER,
    Role.VOLUNTEER_LEAD: _LEAD,
    Role.WAREHOUSE_MANAGER: _MANAGER,
    Role.OPERATOR: _OPERATOR,
    Role.AUDITOR: _AUDITOR,
    Role.ADMINISTRATOR: frozenset(Permission),
}
"""The table. The operator, who keeps the kiosks going, approves no count and closes no month; the
auditor, who checks the others, changes nothing."""


def roles_with(permission: Permission) -> list[Role]:
    """The roles that hold ``permission``, the lesser first."""
    return [role for role in Role if role.may(permission)]
