"""Where alarm messages go: group bots, webhooks, mailboxes. Keys are shown by their last four
characters alone."""

from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.wrappers import Response as BaseResponse

from hub.access.permissions import Permission
from hub.alerts import acts, channels
from hub.alerts.channels import MAX_CHANNELS, MAX_NAME, ChannelError, Line
from hub.alerts.forms import DINGTALK, EMAIL, FEISHU, WEBHOOK, WECOM
from hub.queries import places
from hub.request import connection, now_ms, services
from hub.web import shell, story
from hub.web.alerts.failures import why_not
from hub.web.login import needs, require, signed_in_user

KIND_NAMES: Final[dict[str, LazyString]] = {
    WECOM: _l("WeCom group bot"),
    DINGTALK: _l("DingTalk group bot"),
    FEISHU: _l("Feishu group bot"),
    EMAIL: _l("E-mail"),
    WEBHOOK: _l("Another webhook (JSON)"),
}


def install(pages: Blueprint) -> None:
    """``/alerts/channels``."""
    pages.get("/alerts/channels", endpoint="channels")(show)
    pages.post("/alerts/channels", endpoint="add_channel")(add)
    pages.get("/alerts/channels/remove", endpoint="ask_remove_channel")(ask_remove)
    pages.post("/alerts/channels/remove", endpoint="remove_channel")(remove)
    pages.post("/alerts/channels/test", endpoint="test_channel")(test)


@needs(Permission.SETTINGS)
def show() -> str:
    """The channels that the user may change, and a new one."""
    return _page({"stop": request.args.get("stop", "")})


def mine() -> list[Line]:
    """The channels of the user's stops; the operator's for who sees all stops."""
    user = signed_in_user()
    return [one for one in channels.every(connection()) if user.sees(one.stop)]


def _page(typed: dict[str, str], what: str = "") -> str:
    here = connection()
    known, user = places.stops(here), signed_in_user()
    config = services().config
    every = [("", _("The operator: every alarm that a stop leaves open"))]
    return render_template(
        "alerts/channels.html",
        channels=mine(),
        kinds=[(kind, str(name)) for kind, name in KIND_NAMES.items()],
        kind_name=lambda kind: str(KIND_NAMES.get(kind, kind)),
        stops=(every if user.visible is None else [])
        + [(key, story.stop_name(known, key)) for key in user.stops(known)],
        stop_name=lambda stop: story.stop_name(known, stop) if stop else _("The operator"),
        typed=typed,
        what=what,
        problem=_problem(what),
        mail=bool(config.smtp_host),
        hosts=channels.allowed(config.alert_hosts),
        why_not=why_not,
    )


def _problem(what: str) -> str:
    match what:
        case "":
            return ""
        case "name":
            return _("Give it a name of at most %(n)s characters.", n=MAX_NAME)
        case "host":
            return _(
                "Messages may not go to this host. Whoever runs the hub names it in hub.toml "
                "(alert_hosts)."
            )
        case "address":
            return _(
                "This is no address to send to. Copy the whole webhook address, with https:// and "
                "its key; or type one mailbox."
            )
        case "secret":
            return _("The secret has visible characters only, and no spaces.")
        case "mail":
            return _(
                "The hub has no mail server. Whoever runs it names one in hub.toml (smtp_host)."
            )
        case "many":
            return _("There are %(n)s channels already.", n=MAX_CHANNELS)
        case _:
            return _("Choose one of the list.")


@needs(Permission.SETTINGS)
def add() -> BaseResponse:
    """A new channel."""
    user, moment = require(Permission.SETTINGS), now_ms()
    typed = {
        name: request.form.get(name, "").strip()
        for name in ("stop", "kind", "name", "address", "secret")
    }
    require(Permission.SETTINGS, typed["stop"])
    config = services().config
    if typed["kind"] == EMAIL and not config.smtp_host:
        return Response(_page(typed, "mail"), status=400)
    hosts = channels.allowed(config.alert_hosts)
    try:
        made = services().writer.call(
            lambda writing: acts.add_channel(
                writing,
                typed["stop"],
                typed["kind"],
                typed["name"],
                typed["address"],
                typed["secret"],
                hosts,
                user.by,
                moment,
            )
        )
    except ChannelError as error:
        return Response(_page(typed, error.what), status=400)
    shell.told(_("%(name)s was added. Send a test message to see that it arrives.", name=made.name))
    return redirect(url_for("alerts.channels"), 303)


def _asked(channel: str) -> Line:
    """A channel that the user may change; 404 for any other."""
    found = channels.one(connection(), channel[:32])
    if found is None or not signed_in_user().sees(found.stop):
        abort(404)
    return found


@needs(Permission.SETTINGS)
def ask_remove() -> str:
    """Asks: its key is gone then."""
    found = _asked(request.args.get("channel", ""))
    return shell.confirm(
        heading=_("Take %(name)s away?", name=found.name),
        text=_(
            "No alarm goes there any more, nor what is still waiting to be sent. The hub forgets "
            "its key: to have it back, it must be typed in again."
        ),
        button=_("Take away"),
        back=url_for("alerts.channels"),
        action=url_for("alerts.remove_channel"),
        fields={"channel": found.id},
        facts=[(_("Where to"), found.masked)],
    )


@needs(Permission.SETTINGS)
def remove() -> BaseResponse:
    """Take a channel away."""
    found, by, moment = _asked(request.form.get("channel", "")), signed_in_user().by, now_ms()
    services().writer.call(lambda writing: acts.remove_channel(writing, found, by, moment))
    shell.told(_("%(name)s was taken away.", name=found.name))
    return redirect(url_for("alerts.channels"), 303)


@needs(Permission.SETTINGS)
def test() -> BaseResponse:
    """Send a test message there."""
    found, by, moment = _asked(request.form.get("channel", "")), signed_in_user().by, now_ms()
    services().writer.call(lambda writing: acts.test_channel(writing, found, by, moment))
    shell.told(
        _("A test message is on its way. In a few seconds this page says whether it was taken."),
        "note",
    )
    return redirect(url_for("alerts.channels"), 303)
