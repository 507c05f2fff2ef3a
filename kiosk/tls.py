"""TLS to the broker, for a machine that may not know what day it is.

* The broker's certificate must come from the one authority that is pinned and bear the name that
  the kiosk connects to. Both always. That authority may itself be signed by another: nobody asks.
* OpenSSL never looks at dates: it would ask the machine's clock, which may say 1970. The dates of
  the broker's certificate are held against the time that the kiosk has learnt, as soon as it has
  learnt one; before that they are not looked at. (So certificates begin at 2020-01-01, and a
  kiosk that was in a cupboard for years still finds its way.)
* A wrong learnt time must not lock a kiosk out for ever from the one who could put it right. So
  when nothing but the dates has kept it away for `DOUBT_MS`, it is the time that is in doubt: the
  connection is made, and the log says so each time.
"""

import logging
import ssl
from pathlib import Path
from typing import Any, Final

from kiosk.clock import LearntClock

log = logging.getLogger(__name__)

_NO_CHECK_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of <openssl/x509_vfy.h>, which Python has no name for."""

DOUBT_MS: Final = 3_600_000
"""An hour of nothing but refusals for a date."""


class _PinnedContext(ssl.SSLContext):
    """An `ssl.SSLContext` that also judges dates, by ``clock``."""

    clock: LearntClock
    refused_since: int | None = None

    def judge(self, certificate: dict[str, Any]) -> None:
        """Raises ssl.SSLCertVerificationError for dates that do not hold now."""
        wall = self.clock.trusted_wall()
        first, last = (
            ssl.cert_time_to_seconds(certificate[name]) * 1000 for name in ("notBefore", "notAfter")
        )
        if wall is None or first <= wall <= last:
            self.refused_since = None
            return
        now = self.clock.mono()
        if self.refused_since is None:
            self.refused_since = now
        told = f"{certificate['notBefore']} to {certificate['notAfter']}"
        if now - self.refused_since < DOUBT_MS:
            raise ssl.SSLCertVerificationError(f"the broker's certificate holds from {told}")
        log.warning("the broker's certificate holds from %s; the time is doubted instead", told)


class _DatedSocket(ssl.SSLSocket):
    """The sockets of such a context: the dates are judged before a byte of ours is sent."""

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        context = self.context
        certificate = self.getpeercert()
        if isinstance(context, _PinnedContext) and certificate:
            context.judge(certificate)


def pinned_context(authority: Path, clock: LearntClock) -> ssl.SSLContext:
    """The context of a client that trusts the authority in this PEM file and no other.

    Raises:
        OSError: the file cannot be read.
        ssl.SSLError: it holds no certificate.
    """
    context = _PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.clock = clock
    context.sslsocket_class = _DatedSocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    # What is pinned is where trust ends, also when another authority has signed it in turn.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(authority)
    return context
