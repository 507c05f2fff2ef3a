"""Approving a stocktake, giving it up, and telling later what became known since."""

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from hub.access.permissions import Permission
from hub.counts import counting
from hub.counts.counting import CountingError
from hub.counts.stocktake_lines import MISSING
from hub.log.recording import Actor
from hub.request import connection, now_ms, services
from hub.web import formats, i18n, shell
from hub.web.counts import words
from hub.web.counts.acts import done, fresh_request, sent_request
from hub.web.counts.pages import page, title
from hub.web.counts.view import known, of
from hub.web.login import needs


@needs(Permission.APPROVE_COUNT)
def ask_approve(code: str) -> BaseResponse | str:
    """Says what follows from an approval, and asks."""
    user, count = known(code, Permission.APPROVE_COUNT)
    seen = of(connection(), user, count)
    if count.decided:
        return page(seen, str(words.REFUSALS["decided"]), 409)
    if seen.result is None:
        return page(seen, str(words.REFUSALS["counter"]), 409)
    if seen.hindrances:
        return page(seen, str(words.REFUSALS[seen.hindrances[0]]), 409)
    missing = len(seen.result.of(MISSING))
    counted, every = seen.done
    facts = [
        (_("Places counted"), _("%(n)s of %(of)s", n=counted, of=every)),
        (_("Items seen"), formats.number(seen.result.seen)),
        (_("Not found"), formats.number(missing)),
    ]
    text = (
        ngettext(
            "%(num)d item is presumed missing from then on. It returns by itself as soon as "
            "anything shows it.",
            "%(num)d items are presumed missing from then on. They return by themselves as soon "
            "as anything shows them.",
            missing,
        )
        if missing
        else _("Nothing is missing. The figures are kept as they are now.")
    )
    return shell.confirm(
        heading=_("Approve: %(count)s", count=title(count)),
        text=text,
        button=_("Approve it"),
        back=url_for("counts.one", code=code),
        action=url_for("counts.approve", code=code),
        fields={"seal": seen.seal, "request": fresh_request()},
        facts=facts,
        danger=False,
    )


@needs(Permission.APPROVE_COUNT)
def approve(code: str) -> BaseResponse:
    """Approves what was shown."""
    user, _count = known(code, Permission.APPROVE_COUNT)
    seal, asked, moment = request.form.get("seal", ""), sent_request(), now_ms()
    return done(
        code,
        lambda writing: counting.approve(writing, code, seal, user.by, moment, request=asked),
        _("Approved. What is found later is told here."),
    )


@needs(Permission.COUNT)
def ask_cancel(code: str) -> str:
    """Asks why it is given up."""
    _user, count = known(code, Permission.COUNT)
    return render_template(
        "counts/cancel.html",
        count=count,
        title=title(count),
        reasons=[(one.key, i18n.pick(one.zh, one.en)) for one in words.CANCELS],
        request_id=fresh_request(),
    )


@needs(Permission.COUNT)
def cancel(code: str) -> BaseResponse:
    """Gives it up."""
    user, _count = known(code, Permission.COUNT)
    why, asked, moment = request.form.get("why", ""), sent_request(), now_ms()
    if why not in {one.key for one in words.CANCELS}:
        abort(400)
    return done(
        code,
        lambda writing: counting.give_up(writing, code, why, Actor(user.id), moment, asked),
        _("The count is given up. Nothing follows from it; what was scanned stays known."),
    )


@needs(Permission.APPROVE_COUNT)
def restate(code: str) -> BaseResponse:
    """Keeps, dated, how it is told now."""
    user, _count = known(code, Permission.APPROVE_COUNT)
    moment = now_ms()
    try:
        services().writer.call(lambda writing: counting.restate(writing, code, user.by, moment))
    except CountingError as error:
        user, count = known(code)
        refusal = str(words.REFUSALS.get(error.reason, error.reason))
        return page(of(connection(), user, count), refusal, 409)
    shell.told(_("The differences are recorded, with today’s date."))
    return redirect(url_for("counts.one", code=code, _anchor="restated"), 303)
