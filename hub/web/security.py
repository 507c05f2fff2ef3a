"""Response headers: everything from this server, nothing inline, no address handed on."""

from typing import Final

from flask import Flask, Response, abort, request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)

HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # A claim is a secret in the path: no other site, and no log of one, may learn it.
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

CAMERA: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY.replace(
        "script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'"
    ),
    "Permissions-Policy": HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)"),
}
"""What one page needs besides, which reads codes by camera: the camera, and a reader of codes that
is WebAssembly. It still runs no text as a script."""

PICTURES: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY.replace(
        "img-src 'self'", "img-src 'self' data:"
    )
}
"""What a page needs besides that shows pictures of what is not written down anywhere yet: they come
along in the page. A picture runs nothing."""

SECRET_PATHS: Final = ("/c/", "/wall/at/")
"""Paths that hold a bearer token: neither kept by caches nor found by search engines."""


def install(app: Flask) -> None:
    """Give every response of ``app`` its headers."""
    app.after_request(_add_headers)


def refuse_nul(app: Flask) -> None:
    """Refuse what no text has: PostgreSQL takes no NUL character, and nobody types one. What JSON
    holds is looked at where it is decoded. To be installed after the protection against forged
    requests, which is the first to read a form."""
    app.before_request(_refuse_nul)


def _refuse_nul() -> None:
    if "\0" in request.path:
        abort(404)
    if request.blueprint == "api":
        return
    if _holds_nul(request.form):
        abort(400)
    if _holds_nul(request.args):  # a filter that cannot be read is off
        given = request.args.items(multi=True)
        request.args = ImmutableMultiDict(one for one in given if "\0" not in "".join(one))


def _holds_nul(values: MultiDict[str, str]) -> bool:
    return any("\0" in name or "\0" in value for name, value in values.items(multi=True))


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path.startswith(SECRET_PATHS):
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    elif request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-cache")
    return response
