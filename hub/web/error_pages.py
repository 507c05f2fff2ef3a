"""What people see when a request cannot be answered: what happened, whether anything was lost, and
what to do next. Nobody is left at an end.

A fault of ours is told by a page that needs nothing: neither the database, which may be what is
broken, nor who is signed in.
"""

from flask import Flask, Response, render_template
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf.csrf import CSRFError
from msgspec import Struct
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from hub.api import problems
from hub.web import denied, login


class Words(Struct, frozen=True):
    """A problem in words: what it is, and what helps, a sentence each."""

    heading: str
    lines: tuple[str, ...]


def install(app: Flask) -> None:
    """Answer every problem of ``app`` with a page, or to machines with a problem document."""
    app.register_error_handler(HTTPException, answer)


def answer(error: HTTPException) -> BaseResponse:
    """The page for ``error``."""
    status = error.code or 500
    if status < 400:
        return error.get_response()  # a redirect that routing asks for
    if problems.wanted():
        return problems.from_exception(error)
    if isinstance(error, login.Denied):
        return denied.page(error)
    words = _words(error, status)
    template = "broken.html" if status >= 500 else "error.html"
    page = render_template(
        template, heading=words.heading, lines=words.lines, status=status, may_search=status == 404
    )
    response = Response(page, status=status)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def _words(error: HTTPException, status: int) -> Words:
    if isinstance(error, CSRFError):
        return Words(
            _("This page was open for too long"),
            (
                _("Nothing was changed."),
                _("Please go back, load the page again and repeat what you did."),
            ),
        )
    if status == 429:
        return Words(_("Too many attempts"), (_wait(error),))
    if status >= 500:
        return Words(
            _("Something went wrong here"),
            (
                _("It is our fault, not yours. What you scanned at a stop is safe."),
                _(
                    "If you were changing something, look whether it was done before you do it "
                    "again. If this page comes back, tell whoever runs the hub when it happened."
                ),
            ),
        )
    return _refused(status)


def _refused(status: int) -> Words:
    match status:
        case 403:
            return Words(
                _("Your account may not do that"), (_("Ask an administrator of this hub."),)
            )
        case 404:
            return Words(
                _("There is no such page"),
                (
                    _("The address may be mistyped, or what it showed is not there any more."),
                    _("If it is a code that you have, look for it below."),
                ),
            )
        case 405:
            return Words(
                _("That does not work here"),
                (
                    _("The address takes another kind of request."),
                    _("Please begin again from the page with the button."),
                ),
            )
        case 409:
            return Words(
                _("Somebody else was faster"),
                (
                    _("Nothing of yours was written."),
                    _("Please go back, load the page again and look at how it is now."),
                ),
            )
        case 413:
            return Words(
                _("That is too long"),
                (_("Nothing was changed."), _("Please send less at once, or a smaller file.")),
            )
        case _:
            return Words(
                _("That was not understood"),
                (_("Nothing was changed."), _("Please go back and try again.")),
            )


def _wait(error: HTTPException) -> str:
    after = dict(error.get_headers()).get("Retry-After", "")
    if not after.isdigit():
        return _("Please wait a minute before you try again.")
    seconds = int(after)
    return ngettext(
        "Please wait %(num)d second before you try again.",
        "Please wait %(num)d seconds before you try again.",
        seconds,
    )
