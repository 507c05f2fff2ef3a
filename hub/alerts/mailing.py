"""Alarms by e-mail: through the mail server that ``hub.toml`` names, over TLS by default."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import Final

from msgspec import Struct

from hub.alerts.forms import Letter, Outcome

TIMEOUT_S: Final = 15.0
FOR_GOOD: Final = range(500, 600)
"""SMTP replies that say that trying again is of no use (RFC 5321, 4.2.1)."""


class MailServer(Struct, frozen=True):
    """``security`` is starttls, tls or none; ``authority`` the path of a PEM file or empty."""

    host: str
    port: int
    security: str = "starttls"
    user: str = ""
    password: str = ""
    sender: str = ""
    authority: str = ""


def send(server: MailServer, address: str, letter: Letter) -> Outcome:
    """Send it to one mailbox; never raises for what a server or the network does."""
    if not server.host:
        return Outcome(ok=False, error="no mail server in hub.toml (smtp_host)", final=True)
    message = compose(server, address, letter)
    try:
        context = ssl.create_default_context(cafile=server.authority or None)
        with _opened(server, context) as mail:
            if server.security == "starttls":
                mail.starttls(context=context)
            if server.user:
                mail.login(server.user, server.password)
            mail.send_message(message)
    except smtplib.SMTPAuthenticationError:
        return Outcome(ok=False, error="the mail server refuses user or password")
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        return _refused(max(codes, default=0))
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code)
    except smtplib.SMTPNotSupportedError:
        return Outcome(ok=False, error="the mail server offers no STARTTLS")
    except ssl.SSLCertVerificationError:
        return Outcome(ok=False, error="the mail server's certificate is not trusted")
    except (OSError, smtplib.SMTPException) as error:
        return Outcome(ok=False, error=f"no connection ({type(error).__name__})")
    return Outcome(ok=True)


def compose(server: MailServer, address: str, letter: Letter) -> EmailMessage:
    """The message; the same letter has the same id, so that a repetition can be told."""
    sender = server.sender or server.user or f"yicang@{server.host}"
    message = EmailMessage()
    message["From"] = sender
    message["To"] = address
    message["Subject"] = " ".join(letter.title.split())
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2] or 'yicang'}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    if letter.urgent:
        message["Importance"] = "high"
    message.set_content(letter.text)
    return message


def _opened(server: MailServer, context: ssl.SSLContext) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)


def _refused(code: int) -> Outcome:
    return Outcome(ok=False, error=f"refused ({code})", final=code in FOR_GOOD)
