"""What each maker's group bot wants to be sent, and what its answer means. A function of its
arguments.

Sources (read November 2026):

* **WeCom** (企业微信群机器人, https://developer.work.weixin.qq.com/document/path/91770):
  ``POST https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…`` with
  ``{"msgtype": "text", "text": {"content": …}}``, at most 2,048 bytes of content, 20 messages a
  minute a bot; the answer's ``errcode`` is 0, or 45009 when there were too many.
* **DingTalk** (钉钉自定义机器人, https://open.dingtalk.com/document/robots/custom-robot-access):
  ``POST https://oapi.dingtalk.com/robot/send?access_token=…`` with the same body; where the bot
  signs, ``&timestamp=`` (milliseconds) ``&sign=`` base64 of HMAC-SHA256 with the secret as the key
  over ``timestamp + "\\n" + secret``; 20 messages a minute, then ten minutes of nothing
  (``errcode`` 130101).
* **Feishu** (飞书自定义机器人, https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot):
  ``POST https://open.feishu.cn/open-apis/bot/v2/hook/…`` with
  ``{"msg_type": "text", "content": {"text": …}}``; where the bot signs, also ``timestamp``
  (seconds, as text) and ``sign``, base64 of HMAC-SHA256 with ``timestamp + "\\n" + secret`` as the
  key over nothing; at most 20 kB; the answer's ``code`` is 0, or 11232 when there were too many.
* **Generic**: ``{"id", "title", "text", "urgent", "at_ms"}``; with a secret, the header
  ``X-Yicang-Signature: sha256=`` and the hex HMAC-SHA256 of the body. Any 2xx is yes.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

from msgspec import Struct

WECOM: Final = "wecom"
DINGTALK: Final = "dingtalk"
FEISHU: Final = "feishu"
WEBHOOK: Final = "webhook"
EMAIL: Final = "email"
KINDS: Final = (WECOM, DINGTALK, FEISHU, WEBHOOK, EMAIL)

HOSTS: Final[Mapping[str, str]] = {
    WECOM: "qyapi.weixin.qq.com",
    DINGTALK: "oapi.dingtalk.com",
    FEISHU: "open.feishu.cn",
}
"""Where the bots of each maker are."""

MOST_BYTES: Final = 2000
"""Longest text of a message in bytes of UTF-8: what the strictest of them takes."""

A_MINUTE: Final = 20
"""Most messages a minute to one bot, as all three say or allow."""

TOO_MANY: Final = frozenset({45009, 130101, 11232})
PAUSE_MS: Final = 10 * 60_000
"""How long a bot is left alone that says that there were too many."""

_UNSAID: Final = -1


class Post(Struct, frozen=True):
    """An HTTP POST of JSON."""

    url: str
    body: bytes
    headers: dict[str, str]


class Outcome(Struct, frozen=True):
    """What an answer means: ``ok``; ``final`` when trying again changes nothing; ``wait_ms`` is how
    long at least to wait; ``error`` for people, without anything secret."""

    ok: bool
    error: str = ""
    final: bool = False
    wait_ms: int = 0


class Letter(Struct, frozen=True):
    """What is to be said: ``id`` is the same when it is sent again."""

    id: str
    title: str
    text: str
    urgent: bool
    at_ms: int


def post(kind: str, url: str, secret: str, letter: Letter, now_ms: int) -> Post:
    """The request that says it to a bot or webhook of this kind; not for e-mail."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if kind == FEISHU:
        content: dict[str, Any] = {"msg_type": "text", "content": {"text": letter.text}}
        if secret:
            stamp = str(now_ms // 1000)
            content = {"timestamp": stamp, "sign": feishu_sign(stamp, secret), **content}
        return Post(url, _json(content), headers)
    if kind in (WECOM, DINGTALK):
        if kind == DINGTALK and secret:
            sign = quote_plus(dingtalk_sign(str(now_ms), secret))
            url = f"{url}{'&' if urlsplit(url).query else '?'}timestamp={now_ms}&sign={sign}"
        return Post(url, _json({"msgtype": "text", "text": {"content": letter.text}}), headers)
    body = _json(
        {
            "id": letter.id,
            "title": letter.title,
            "text": letter.text,
            "urgent": letter.urgent,
            "at_ms": letter.at_ms,
        }
    )
    if secret:
        signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers["X-Yicang-Signature"] = f"sha256={signed}"
    return Post(url, body, headers)


def dingtalk_sign(timestamp: str, secret: str) -> str:
    """DingTalk's signature, before it is written into the address."""
    return _signed(secret.encode(), f"{timestamp}\n{secret}".encode())


def feishu_sign(timestamp: str, secret: str) -> str:
    """Feishu's signature."""
    return _signed(f"{timestamp}\n{secret}".encode(), b"")


def answered(kind: str, status: int, body: bytes) -> Outcome:
    """What a bot's answer means."""
    if kind == WEBHOOK:
        return Outcome(ok=True) if 200 <= status < 300 else _refused(status)
    if status != 200:
        return _refused(status)
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return Outcome(ok=False, error="no JSON")
    code: Any = _UNSAID
    if isinstance(said, dict):
        code = said.get("code", said.get("StatusCode")) if kind == FEISHU else said.get("errcode")
    if code == 0:
        return Outcome(ok=True)
    if isinstance(code, int) and code in TOO_MANY:
        return Outcome(ok=False, error=f"too many messages ({code})", wait_ms=PAUSE_MS)
    if not isinstance(code, int) or code == _UNSAID:
        return Outcome(ok=False, error="an answer of another form")
    return Outcome(ok=False, error=f"refused ({code})", final=True)


def masked(address: str) -> str:
    """An address as it may be shown: where it leads, and the last four characters of its secret
    part."""
    if "://" not in address:
        name, _at, host = address.rpartition("@")
        return f"{name[:1]}…@{host}"
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…{address[-4:]}"


def _refused(status: int) -> Outcome:
    if status in (408, 425, 429) or status >= 500:
        return Outcome(ok=False, error=f"HTTP {status}", wait_ms=PAUSE_MS if status == 429 else 0)
    return Outcome(ok=False, error=f"HTTP {status}", final=True)


def _signed(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
