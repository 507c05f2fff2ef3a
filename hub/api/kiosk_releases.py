"""What a kiosk's updater asks: which release it is to run, and the bundle itself.

A kiosk shows its own account at the broker (HTTP Basic). The hub holds the verifier of its password
and no password; an account that was forbidden is told so, whatever it shows. The bundle goes in
parts (Range, If-Range by its hash). A few kiosks fetch at once, so that thirty of them do not take
the stop's whole uplink from the scans; the others are told when to come again.
"""

import base64
import binascii
import hmac
import math
import random
import threading
from typing import Final

import msgspec
from flask import Blueprint, Response, abort, request, send_file
from werkzeug.exceptions import TooManyRequests

from contract.releases import OFFER_PATH, Offer, ReleaseId, TargetId
from hub.api import problems
from hub.api.models import Problem
from hub.fleet import release_asks, releases
from hub.fleet.release_asks import Ask
from hub.kiosks import broker_accounts
from hub.request import connection, now_ms, services
from provisioning.mosquitto import verifier

_PREFIX: Final = "/api/v1"
BUNDLE_RULE: Final = "/releases/<release>/bundle"
RETRY_S: Final = (60, 240)
"""When to come again, at random, so that they do not all come at once."""
_MAX_PASSWORD: Final = 200


class Slots:
    """At most ``n`` downloads at once, in this process."""

    def __init__(self, n: int) -> None:
        self._free: Final = threading.BoundedSemaphore(n)

    def take(self) -> bool:
        """Whether there was room."""
        return self._free.acquire(blocking=False)

    def give(self) -> None:
        """One has ended."""
        self._free.release()


def blueprint(downloads: int) -> Blueprint:
    """The two routes; they take no token and no cookie."""
    api = Blueprint("kiosk_releases", __name__, url_prefix=_PREFIX)
    slots = Slots(downloads)
    api.get(OFFER_PATH.removeprefix(_PREFIX), endpoint="offer")(offer)
    api.get(BUNDLE_RULE, endpoint="bundle")(lambda release: bundle(release, slots))
    return api


def offer() -> Response:
    """200 with an `Offer`, or 204."""
    kiosk = _kiosk()
    running = _known(request.args.get("release", ""), ReleaseId, or_empty=True)
    target = _known(request.args.get("target", ""), TargetId)
    found = release_asks.offer(connection(), kiosk, running, target)
    ask = Ask(kiosk, target, running, "" if found is None else found.release, now_ms())
    if release_asks.asked(connection(), ask):
        services().writer.call(lambda writing: release_asks.note_ask(writing, ask))
    if found is None:
        return _unstored(Response(status=204))
    return _unstored(Response(msgspec.json.encode(found), content_type="application/json"))


def bundle(release: str, slots: Slots) -> Response:
    """The offered bundle, or the part of it that is asked for."""
    kiosk = _kiosk()
    known = _known(release, ReleaseId)
    target = _known(request.args.get("target", ""), TargetId)
    offered = release_asks.offer(connection(), kiosk, "", target)
    kept = releases.one(connection(), known, target)
    if offered is None or offered.release != known or kept is None:
        abort(404)
    config = services().config
    if not releases.is_there(config, kept):
        abort(404)
    if not slots.take():
        wait = random.randint(*RETRY_S)  # noqa: S311 - spreads them, hides nothing
        return problems.answer(
            Problem(
                title="Service Unavailable",
                status=503,
                detail="Others are fetching; come again as the header Retry-After says.",
            ),
            {"Retry-After": str(wait)},
        )
    try:
        answer = send_file(
            releases.folder_of(config) / kept.file,
            mimetype="application/octet-stream",
            etag=kept.sha256,
            last_modified=None,
            conditional=True,
            max_age=None,
        )
    except BaseException:
        slots.give()
        raise
    # Passed through directly, it would be closed without anybody being told.
    answer.direct_passthrough = False
    answer.call_on_close(slots.give)
    return _unstored(answer)


def _unstored(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _known(text: str, kind: object, *, or_empty: bool = False) -> str:
    if or_empty and not text:
        return ""
    try:
        return str(msgspec.convert(text, kind))
    except msgspec.ValidationError:
        abort(400)


def _kiosk() -> str:
    """The kiosk that asks. Ends the request with 401, 403 or 429."""
    address = request.remote_addr or ""
    throttle = services().guesses
    wait_s = throttle.wait_s(address)
    if wait_s:
        raise TooManyRequests(retry_after=math.ceil(wait_s))
    name, password = _account()
    held = broker_accounts.find(connection(), name) if name else None
    if held is not None and not held.allowed:
        abort(403)
    if held is None or not matches(password, held.verifier):
        throttle.spend(address)
        abort(401)
    return held.kiosk


def _account() -> tuple[str, str]:
    kind, _space, rest = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        name, _colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name[:100], password[:_MAX_PASSWORD]


def matches(password: str, held: str) -> bool:
    """Whether a verifier (`provisioning.mosquitto.verifier`) is that of ``password``."""
    try:
        _, kind, _rounds, salt, _digest = held.split("$")
        made = verifier(password, base64.b64decode(salt))
    except (ValueError, binascii.Error):
        return False
    return kind == "7" and hmac.compare_digest(made, held)


STRUCTS: Final = (Offer,)


def paths(refs: str) -> dict[str, dict[str, object]]:
    """These routes' part of the OpenAPI document; ``refs`` as `hub.api.openapi.REFS`."""
    security: list[dict[str, list[str]]] = [{"kiosk": []}]
    offered = {"schema": {"$ref": refs.format(name="Offer")}}
    refused: dict[str, object] = {
        "400": {"description": "A release or target that is none"},
        "401": {"description": "No account of a kiosk, or another password"},
        "403": {"description": "The kiosk was revoked"},
        "429": {"description": "Too many wrong passwords: wait as Retry-After says"},
    }

    def text(name: str, where: str, what: str) -> dict[str, object]:
        return {
            "name": name,
            "in": where,
            "required": True,
            "description": what,
            "schema": {"type": "string"},
        }

    machine = text("target", "query", "Python and machine, such as `cp313-aarch64`.")
    return {
        OFFER_PATH: {
            "get": {
                "operationId": "offeredRelease",
                "summary": "A kiosk asks which release it is to run",
                "security": security,
                "parameters": [
                    text("release", "query", "What it runs; may be empty."),
                    machine,
                ],
                "responses": refused
                | {
                    "200": {"description": "This one", "content": {"application/json": offered}},
                    "204": {"description": "Nothing else than it runs"},
                },
            }
        },
        f"{_PREFIX}/releases/{{release}}/bundle": {
            "get": {
                "operationId": "releaseBundle",
                "summary": "A kiosk fetches what it was offered, in parts if it likes (Range)",
                "security": security,
                "parameters": [text("release", "path", "The release."), machine],
                "responses": refused
                | {
                    "200": {"description": "All of it"},
                    "206": {"description": "The part that was asked for"},
                    "404": {"description": "It is not what this kiosk is to run"},
                    "416": {"description": "No such part"},
                    "503": {"description": "Others are fetching: wait as Retry-After says"},
                },
            }
        },
    }
