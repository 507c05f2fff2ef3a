"""What every page shares beyond its frame: messages with an undo, confirmations, conflicts.

A page that changes something ends in a redirect, and says what it did by `told`, or by
`told_undoable` where it can be taken back: the next page then shows the message, with a button that
posts the undo. What cannot be taken back is asked first by `confirm`: a page of its own, which a
link with ``data-dialog`` shows as a dialog where there is JavaScript.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlencode

from flask import Flask, flash, get_flashed_messages, render_template, request, url_for
from msgspec import Struct

from hub.access.permissions import Permission
from hub.alerts import store as alarms
from hub.queries import incidents
from hub.request import connection
from hub.web.login import current_user, visible_stops
from hub.web.security import SECRET_PATHS

MAX_ADDRESS = 2000
PERSONAL = (*SECRET_PATHS, "/t/", "/search")
"""What begins like this may hold somebody's code, and is written into no page."""


class Message(Struct, frozen=True):
    """A message about what was just done; ``undo`` is the address of the button, or empty."""

    kind: str
    text: str
    undo: str
    fields: Mapping[str, str]


class Change(Struct, frozen=True):
    """Something that another did meanwhile, for the page of a conflict."""

    what: str
    who: str
    at_ms: int
    href: str = ""


def install(app: Flask) -> None:
    """Give every template what the frame needs."""
    app.jinja_env.globals.update(
        messages_told=messages,
        language_address=language_address,
        open_alarms=open_alarms,
        open_incidents=open_incidents,
        may_export=may_export,
        here_address=here,
    )


def told(text: str, kind: str = "good") -> None:
    """Say ``text`` on the next page; ``kind`` is good, note or bad."""
    flash([text, "", {}], kind)  # type: ignore[arg-type]  # the session keeps any JSON


def told_undoable(text: str, undo: str, fields: Mapping[str, str]) -> None:
    """Say ``text`` on the next page, with a button that posts ``fields`` to ``undo``."""
    flash([text, undo, dict(fields)], "good")  # type: ignore[arg-type]


def messages() -> list[Message]:
    """What the last pages told and nobody has seen yet."""
    found: list[Message] = []
    kept = cast("list[tuple[str, Any]]", get_flashed_messages(with_categories=True))
    for kind, (text, undo, fields) in kept:
        found.append(Message(kind, text, undo, fields))
    return found


def confirm(
    *,
    heading: str,
    text: str,
    button: str,
    back: str,
    action: str = "",
    fields: Mapping[str, str] | None = None,
    facts: Sequence[tuple[str, str]] = (),
    danger: bool = True,
) -> str:
    """The page that asks before something which cannot be undone: ``button`` says what it does,
    ``action`` (this address, if empty) is where ``fields`` are posted, ``back`` leads away."""
    return render_template(
        "confirm.html",
        heading=heading,
        text=text,
        button=button,
        back=back,
        action=action or request.path,
        fields=fields or {},
        facts=facts,
        danger=danger,
    )


def conflict(changes: Sequence[Change], back: str, text: str = "") -> tuple[str, int]:
    """The page of a 409: who changed what since the page was shown, and the way to see it anew."""
    return render_template("conflict.html", changes=changes, back=back, text=text), 409


def language_address(language: str) -> str:
    """This page in another language, with its filters. Without the path, which may be a personal
    code that somebody took for an address."""
    if request.method != "GET":
        return f"{url_for('public.home')}?lang={language}"
    shown = urlencode({**request.args.to_dict(), "lang": language})
    return f"?{shown}" if len(shown) < MAX_ADDRESS else f"?lang={language}"


def here() -> str:
    """This page's address with its filters, to come back to."""
    args = {name: value for name, value in request.args.items() if name != "lang"}
    if request.method != "GET" or request.path.startswith(PERSONAL):
        return url_for("board.board")
    return f"{request.path}?{urlencode(args)}"[:MAX_ADDRESS] if args else request.path


def may_export() -> bool:
    """Whether the user may take tables away as files."""
    user = current_user()
    return user is not None and user.may(Permission.EXPORT)


def open_alarms() -> int:
    """How many alarms at the stops that the user may see nobody has acknowledged."""
    return 0 if current_user() is None else alarms.firing_count(connection(), visible_stops())


def open_incidents() -> int:
    """How many incidents are open at the stops that the user may see."""
    return 0 if current_user() is None else incidents.open_count(connection(), visible_stops())
