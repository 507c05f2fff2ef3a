"""The page for who may not do something: what it takes, and who here can do it or allow it."""

from flask import Response, render_template
from flask_babel import gettext as _

from hub.access import accounts
from hub.access.permissions import Permission, roles_with
from hub.request import connection
from hub.web import account_words
from hub.web.login import Denied, current_user

MOST_NAMES = 5


def page(denied: Denied) -> Response:
    """403, with what helps."""
    here, user = connection(), current_user()
    # Whether it is the role or the stop decides what would help.
    elsewhere = user is not None and user.role.may(denied.permission)
    return Response(
        render_template(
            "denied.html",
            elsewhere=elsewhere,
            wanted=str(account_words.PERMISSIONS[denied.permission]),
            role="" if user is None else account_words.role_name(user.role),
            roles=[account_words.role_name(role) for role in roles_with(denied.permission)],
            administrators=[
                account.name for account in accounts.who_can(here, Permission.ACCOUNTS)
            ][:MOST_NAMES],
            title=_("Not at this stop") if elsewhere else _("Your account may not do that"),
        ),
        status=403,
    )
