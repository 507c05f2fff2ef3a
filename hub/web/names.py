"""What things are called: retail codes, categories, places, plans, campaigns, skills.

One description of each part (`hub.web.name_parts`) gives its list, its form, undo and the check
that nobody overwrites what another has changed meanwhile. What is saved here reaches every kiosk
that is connected within seconds, as reference data.
"""

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access import audit
from hub.access.permissions import Permission
from hub.kiosks import catalogue, reference
from hub.kiosks.catalogue import CatalogueError
from hub.kiosks.reference import TooManyNamesError
from hub.request import connection, now_ms, services
from hub.web import i18n, listing, shell
from hub.web.login import needs, require, signed_in_user
from hub.web.name_parts import PARTS, Field, Part, digest, read

MOST_WAITING: Final = 200


def blueprint() -> Blueprint:
    """The pages under ``/names``."""
    pages = Blueprint("names", __name__, url_prefix="/names")
    pages.get("/")(overview)
    pages.get("/<part>")(entries)
    pages.get("/<part>/entry")(entry)
    pages.post("/<part>/entry")(save)
    pages.get("/<part>/remove")(ask_remove)
    pages.post("/<part>/remove")(remove)
    return pages


@needs(Permission.VIEW)
def overview() -> str:
    """Every part with how many entries it has, and the codes that want a name."""
    here = connection()
    return render_template(
        "names/overview.html",
        parts=[(part, catalogue.count(here, part.name)) for part in PARTS.values()],
        waiting=reference.unknown_count(here, MOST_WAITING),
    )


@needs(Permission.VIEW)
def entries(part: str) -> BaseResponse:
    """The entries of one part."""
    found = _part(part)
    return listing.respond(
        found.listing, "names/entries.html", part=found, may_edit=_may_edit(found)
    )


@needs(Permission.NAME_CODES)
def entry(part: str) -> str:
    """The form: empty, filled with an entry, or with what is known of a code without a name."""
    found = _part(part)
    _require(found)
    key = request.args.get("key", "")
    old = _entry(connection(), found, key) if key else None
    if key and old is None and not request.args.get("new"):
        abort(404)
    values = {name: request.args.get(name, "") for name in found.names}
    values[found.key] = key
    if old is not None:
        values = found.shown(old)
    elif not values[found.key]:
        values[found.key] = found.draw()
    return _form(found, values, digest(old))


def _form(
    part: Part, values: Mapping[str, Any], seen: str, problem: str = "", where: str = ""
) -> str:
    return render_template(
        "names/entry.html",
        part=part,
        values=values,
        seen=seen,
        problem=problem,
        where=where,
        fields=[
            (field, field.options(connection()) if field.options else []) for field in part.fields
        ],
        others=_others(part, str(values.get(part.key, ""))),
    )


def _others(part: Part, key: str) -> list[tuple[str, str]]:
    """Where goods with this retail code are, to see what it is."""
    if part.name != "products" or not key:
        return []
    return [(_("Items with this code"), url_for("items.listing", gtin=key))]


@needs(Permission.NAME_CODES)
def save(part: str) -> BaseResponse:
    """Puts an entry."""
    return _save(_part(part))


def _save(part: Part) -> BaseResponse:
    user = _require(part)
    form = request.form
    values = {field.name: form.get(field.name, "").strip() for field in part.fields}
    made, where, problem = read(part, values)
    if made is None:
        return Response(_form(part, values, form.get("seen", ""), problem, where), status=400)
    key, moment = str(made[part.key]), now_ms()

    def work(writing: Connection) -> tuple[Any, str]:
        old = _entry(writing, part, key)
        if digest(old) != form.get("seen", ""):
            raise _ChangedError(old)
        catalogue.put(writing, part.name, [made])
        reference.require_room(writing, part.name)
        detail = {"entries": 1, "keys": [key]}
        audit.note(writing, user.by, "reference.put", part.name, detail, moment)
        return old, digest(_entry(writing, part, key))

    try:
        old, seen = services().writer.call(work)
    except _ChangedError as error:
        return _conflict(part, key, error)
    except (CatalogueError, TooManyNamesError) as error:
        page = _form(part, values, form.get("seen", ""), _one_language(str(error)))
        return Response(page, status=400)
    undo = {field.name: part.text(old, field.name) for field in part.fields} if old else {}
    undo["seen"] = seen
    if old is not None:
        shell.told_undoable(_("Saved."), url_for("names.save", part=part.name), undo)
    else:
        shell.told_undoable(
            _("Saved. Every connected kiosk knows it within seconds."),
            url_for("names.remove", part=part.name),
            {"key": key, "seen": seen},
        )
    return redirect(_behind(part), 303)


class _ChangedError(Exception):
    """Somebody else changed the entry since the form was shown; ``now`` is what it is."""

    def __init__(self, now: Any) -> None:
        super().__init__()
        self.now = now


def _conflict(part: Part, key: str, error: _ChangedError) -> BaseResponse:
    if error.now is None:
        what = _("%(key)s was removed.", key=key)
    else:
        said = "，".join(str(value) for value in part.shown(error.now).values() if value != "")
        what = _("It now says: %(what)s", what=said)
    back = url_for("names.entry", part=part.name, key=key, new=1)
    page, status = shell.conflict([shell.Change(what, "", now_ms())], back)
    return Response(page, status=status)


@needs(Permission.NAME_CODES)
def ask_remove(part: str) -> BaseResponse:
    """Asks before an entry goes."""
    found = _part(part)
    _require(found)
    key = request.args.get("key", "")
    old = _entry(connection(), found, key)
    if old is None:
        abort(404)
    shown = found.shown(old)
    name = i18n.pick(shown.get("zh", ""), shown.get("en", "")) or key
    page = shell.confirm(
        heading=str(_("Remove %(name)s?", name=name)),
        text=str(found.removing),
        button=str(_("Remove")),
        back=url_for("names.entries", part=part),
        fields={"key": key, "seen": digest(old)},
        facts=[(str(field.label), _said(field, shown[field.name])) for field in found.fields],
        danger=True,
    )
    return Response(page)


def _said(field: Field, value: str) -> str:
    """A value as its form shows it."""
    if field.kind == "yes-no":
        return _("yes") if value == "yes" else _("no")
    if field.options is not None:
        return str(dict(field.options(connection())).get(value, value))
    return value


@needs(Permission.NAME_CODES)
def remove(part: str) -> BaseResponse:
    """Takes an entry away; it can be put back."""
    return _remove(_part(part))


def _remove(part: Part) -> BaseResponse:
    user = _require(part)
    key, moment = request.form.get("key", ""), now_ms()

    def work(writing: Connection) -> tuple[Any, str]:
        old = _entry(writing, part, key)
        if digest(old) != request.form.get("seen", ""):
            raise _ChangedError(old)
        catalogue.remove(writing, part.name, part.convert(key))
        detail = {"keys": [key]}
        audit.note(writing, user.by, "reference.removed", part.name, detail, moment)
        return old, digest(_entry(writing, part, key))

    try:
        old, seen = services().writer.call(work)
    except _ChangedError as error:
        return _conflict(part, key, error)
    except CatalogueError:
        abort(404)
    fields = {field.name: part.text(old, field.name) for field in part.fields}
    fields["seen"] = seen
    shell.told_undoable(_("Removed."), url_for("names.save", part=part.name), fields)
    return redirect(url_for("names.entries", part=part.name), 303)


# --- what all of these ask -----------------------------------------------------------------------


def _part(name: str) -> Part:
    found = PARTS.get(name)
    if found is None:
        abort(404)
    return found


def _may_edit(part: Part) -> bool:
    """Names hold for the whole hub, so a scope that leaves a stop out does not reach them."""
    user = signed_in_user()
    return user.may(part.permission) and user.visible is None


def _require(part: Part) -> Any:
    return require(part.permission, "")


def _entry(connection: Connection, part: Part, key: str) -> Any:
    """The entry with this key, as kiosks are told of it."""
    return catalogue.entry(connection, part.name, key)


def _behind(part: Part) -> str:
    """Where to go after saving: on to the next code without a name, else back to the list."""
    if part.name == "products" and reference.unknown_count(connection(), 1):
        return url_for("board.unnamed")
    return url_for("names.entries", part=part.name)


def _one_language(text: str) -> str:
    """Our own errors have both languages, a slash between; the page needs one."""
    zh, _slash, en = text.partition(" / ")
    return i18n.pick(zh, en) if en else text
