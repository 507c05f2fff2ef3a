"""How long a request may be: `MAX_BODY_BYTES` of the application, or what its page says.

Asked before anything reads the form. The check against cross-site requests does, ahead of every
page, so that a page cannot raise its own limit any more once it runs. For the same reason the limit
is raised only for who may use the page: anybody else's file is refused unread.

What is sent lies where the hub's data is until the page is done: where temporary files are may be
memory.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final, TypeVar, cast

from flask import Flask, Request, current_app, request

from hub.access.permissions import Permission
from hub.request import services
from hub.web.login import NEEDS, current_user

View = TypeVar("View", bound=Callable[..., object])

_TAKES: Final = "takes_bytes"
FORM_BYTES: Final = 64 * 1024
"""What comes along with a file."""


def takes_file(most_bytes: int) -> Callable[[View], View]:
    """Let a page be sent a form with files of ``most_bytes`` together, by who may use it: put it
    above `hub.web.login.needs`. A view without that says itself who may, before it reads."""

    def mark(view: View) -> View:
        setattr(view, _TAKES, most_bytes + FORM_BYTES)
        return view

    return mark


def install(app: Flask) -> None:
    """Heed what pages say; before whatever reads forms is installed."""
    app.request_class = _OnDisk
    app.before_request(_allow)


def room() -> str:
    """The folder on a disk in which files that were sent lie meanwhile."""
    return str(Path(services().config.secret_key_file).parent)


class _OnDisk(Request):
    """A request whose files are not kept in memory, whatever their size."""

    def _get_file_stream(self, *_told: Any, **_more: Any) -> IO[bytes]:
        return cast("IO[bytes]", tempfile.SpooledTemporaryFile(FORM_BYTES, dir=room()))


def _allow() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    most: int | None = getattr(view, _TAKES, None)
    needed: Permission | None = getattr(view, NEEDS, None)
    if most is None:
        return
    user = current_user() if needed is not None else None
    if needed is None or (user is not None and user.may(needed)):
        request.max_content_length = most
