"""How long a request may be: `MAX_BODY_BYTES` of the application, or what its page says.

Asked before anything reads the form. The check against cross-site requests does, ahead of every
page, so that a page cannot raise its own limit any more once it runs.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from flask import Flask, current_app, request

View = TypeVar("View", bound=Callable[..., object])

_TAKES: Final = "takes_bytes"
FORM_BYTES: Final = 64 * 1024
"""What comes along with a file."""


def takes_file(most_bytes: int) -> Callable[[View], View]:
    """Let a page be sent a form with files of ``most_bytes`` together."""

    def mark(view: View) -> View:
        setattr(view, _TAKES, most_bytes + FORM_BYTES)
        return view

    return mark


def install(app: Flask) -> None:
    """Heed what pages say; before whatever reads forms is installed."""
    app.before_request(_allow)


def _allow() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    most: int | None = getattr(view, _TAKES, None)
    if most is not None:
        request.max_content_length = most
