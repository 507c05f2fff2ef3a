"""Why a message was not taken, in the reader's words: what is kept is short English for the log."""

import re
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

_KNOWN: Final = {
    "refused": _l("refused, with the answer %(code)s"),
    "too many messages": _l("too many messages in a minute, with the answer %(code)s"),
    "no connection": _l("no connection (%(code)s)"),
    "no JSON": _l("an answer that is not understood"),
    "an answer of another form": _l("an answer that is not understood"),
    "no answer in time": _l("no answer in time"),
    "the certificate is not of this host": _l("the certificate is not of this host"),
    "the name cannot be resolved": _l("this host is not known; is the network there?"),
    "the address is a private one": _l("this address may not be sent to"),
    "only https leads out": _l("this address may not be sent to"),
    "host not allowed": _l("this address may not be sent to"),
    "address not allowed": _l("this address may not be sent to"),
    "no mail server in hub.toml (smtp_host)": _l("no mail server is set in hub.toml (smtp_host)"),
    "the mail server refuses user or password": _l("the mail server refuses user or password"),
    "the mail server offers no STARTTLS": _l("the mail server offers no STARTTLS"),
    "the mail server's certificate is not trusted": _l(
        "the mail server’s certificate is not trusted"
    ),
}
_HTTP: Final = re.compile(r"HTTP (\d{3})")
_WITH_CODE: Final = re.compile(r"(.+) \((-?\w+)\)")


def why_not(error: str) -> str:
    """``error`` of a `hub.alerts` outcome in the page's language; as it is where it is none of the
    known ones."""
    if found := _HTTP.fullmatch(error):
        return _("refused, with the answer %(code)s", code=found[0])
    if error in _KNOWN:
        return str(_KNOWN[error])
    found = _WITH_CODE.fullmatch(error)
    told = _KNOWN.get(found[1]) if found else None
    if found is None or told is None:
        return error
    return str(told).replace("%(code)s", found[2])
