"""Alarm messages reach real servers in the form that each wants, and nobody else at all."""

import base64
import logging
import subprocess
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from hub import db
from hub.alerts import channels, forms, mailing, outbox
from hub.alerts.channels import ChannelError
from hub.alerts.forms import DINGTALK, EMAIL, FEISHU, WEBHOOK, WECOM, Letter, Outcome, Post
from hub.alerts.mailing import MailServer
from hub.alerts.posting import Poster, PostingError, is_public
from hub.alerts.sending import Sender
from hub.alerts.telling import Message
from tests.support.certificates import Authority
from tests.support.hub_site import NOON, HubSite
from tests.support.receivers import TAKEN, Bot, MailHost

KEY: Final = "key=0f9e8d7c-SECRET"
LETTER: Final = Letter(
    "a" * 64, "【义仓】东门：扫描器不工作", "扫描器不工作\nThe scanner is dead", True, NOON
)
LOOPBACK: Final = ("127.0.0.1/32",)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    yield found
    found.close()


@pytest.fixture
def bot() -> Iterator[Bot]:
    with Bot() as found:
        yield found


def hmac_by_openssl(key: bytes, message: bytes) -> str:
    """HMAC-SHA256 in base64, by a program that is none of ours."""
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary"],
        input=message,
        capture_output=True,
        check=True,
    )
    return base64.b64encode(made.stdout).decode()


def sender(site: HubSite, bot: Bot, mail: MailServer | None = None) -> Sender:
    poster = Poster([bot.host], LOOPBACK)
    return Sender(site.reader, site.writer, poster, mail or MailServer("", 25), lambda: site.now_ms)


def add(site: HubSite, bot: Bot, kind: str, path: str, secret: str = "") -> str:
    return site.writer.call(
        lambda writing: (
            channels.add(
                writing, "", kind, f"群 {kind}", bot.url(path), secret, [bot.host], site.now_ms
            ).id
        )
    )


def put(site: HubSite, channel: str, *keys: str) -> None:
    made = [Message(key, channel, LETTER.title, LETTER.text, True, ()) for key in keys]
    site.writer.call(lambda writing: outbox.put(writing, made, site.now_ms))


def rows(site: HubSite) -> list[tuple[bool, int, int | None, str]]:
    """Of each message: whether it was sent, its tries, when it is due, its error."""
    table = db.alarm_message.c
    with site.reader.connect() as here:
        found = here.execute(
            sa.select(table.sent_ms, table.tries, table.due_ms, table.error).order_by(table.id)
        )
        return [(row[0] is not None, row[1], row[2], row[3]) for row in found]


# --- the makers' forms ----------------------------------------------------------------------------


def test_wecom_gets_its_text_at_its_own_address(site: HubSite, bot: Bot) -> None:
    put(site, add(site, bot, WECOM, f"/cgi-bin/webhook/send?{KEY}"), "m1")
    assert sender(site, bot).send_due() == 1
    [got] = bot.got
    assert got.path == f"/cgi-bin/webhook/send?{KEY}"
    assert got.body == {"msgtype": "text", "text": {"content": LETTER.text}}
    assert got.headers["content-type"].startswith("application/json")


def test_dingtalk_gets_a_signature_that_openssl_makes_too(site: HubSite, bot: Bot) -> None:
    put(site, add(site, bot, DINGTALK, "/robot/send?access_token=T", "SECabc"), "m1")
    assert sender(site, bot).send_due() == 1
    [got] = bot.got
    query = parse_qs(urlsplit(got.path).query)
    [stamp], [sign] = query["timestamp"], query["sign"]
    assert int(stamp) == site.now_ms
    assert sign == hmac_by_openssl(b"SECabc", f"{stamp}\nSECabc".encode())
    assert got.body == {"msgtype": "text", "text": {"content": LETTER.text}}


def test_feishu_gets_its_signature_in_the_body(site: HubSite, bot: Bot) -> None:
    put(site, add(site, bot, FEISHU, "/open-apis/bot/v2/hook/abc", "fs"), "m1")
    assert sender(site, bot).send_due() == 1
    body = bot.got[0].body
    assert body["msg_type"] == "text"
    assert body["content"] == {"text": LETTER.text}
    assert body["timestamp"] == str(site.now_ms // 1000)
    assert body["sign"] == hmac_by_openssl(f"{body['timestamp']}\nfs".encode(), b"")


def test_a_generic_webhook_gets_json_with_a_signature(site: HubSite, bot: Bot) -> None:
    put(site, add(site, bot, WEBHOOK, "/hook", "shared"), "m1")
    bot.answers = [(204, b"")]
    assert sender(site, bot).send_due() == 1
    [got] = bot.got
    assert got.body["id"] == "m1"
    assert got.body["urgent"] is True
    signed = bytes.fromhex(got.headers["x-yicang-signature"].removeprefix("sha256="))
    assert base64.b64encode(signed).decode() == hmac_by_openssl(b"shared", got.raw)


@pytest.mark.parametrize(
    ("kind", "status", "body", "ok", "final"),
    [
        (WECOM, 200, b'{"errcode":0,"errmsg":"ok"}', True, False),
        (WECOM, 200, b'{"errcode":93000,"errmsg":"invalid webhook url"}', False, True),
        (WECOM, 200, b'{"errcode":45009}', False, False),
        (DINGTALK, 200, b'{"errcode":310000,"errmsg":"sign not match"}', False, True),
        (DINGTALK, 200, b'{"errcode":130101}', False, False),
        (FEISHU, 200, b'{"code":0,"msg":"success"}', True, False),
        (FEISHU, 200, b'{"StatusCode":0,"StatusMessage":"success"}', True, False),
        (FEISHU, 200, b'{"code":19021,"msg":"sign match fail"}', False, True),
        (FEISHU, 200, b'{"code":11232}', False, False),
        (WECOM, 200, b"<html>", False, False),
        (WECOM, 200, b"[1]", False, False),
        (WECOM, 200, b'{"errcode":"0"}', False, False),
        (WECOM, 404, b"", False, True),
        (WECOM, 302, b"", False, True),
        (WECOM, 502, b"", False, False),
        (WEBHOOK, 200, b"whatever", True, False),
        (WEBHOOK, 429, b"", False, False),
    ],
)
def test_an_answer_is_taken_for_what_its_maker_means_by_it(
    kind: str, status: int, body: bytes, ok: bool, final: bool
) -> None:
    outcome = forms.answered(kind, status, body)
    assert (outcome.ok, outcome.final) == (ok, final)
    assert bool(outcome.error) is not ok


# --- at least once, and never too often -----------------------------------------------------------


def test_what_nobody_took_is_sent_again_later_and_later(site: HubSite, bot: Bot) -> None:
    put(site, add(site, bot, WECOM, "/x"), "m1")
    bot.answers = [(502, b""), (502, b""), TAKEN]
    sending = sender(site, bot)
    assert sending.send_due() == 0
    assert sending.send_due() == 0
    assert len(bot.got) == 1  # not before its time
    site.now_ms += 30_000
    assert sending.send_due() == 0
    site.now_ms += 59_999
    assert sending.send_due() == 0
    assert len(bot.got) == 2
    site.now_ms += 1
    assert sending.send_due() == 1
    assert rows(site) == [(True, 3, None, "")]


def test_what_is_refused_for_good_is_not_tried_again(site: HubSite, bot: Bot) -> None:
    channel = add(site, bot, WECOM, "/x")
    put(site, channel, "m1")
    bot.answers = [(200, b'{"errcode":93000}')]
    sender(site, bot).send_due()
    assert rows(site) == [(False, 1, None, "refused (93000)")]
    with site.reader.connect() as here:
        found = channels.one(here, channel)
    assert found is not None
    assert found.failing
    assert found.error == "refused (93000)"


def test_after_a_day_it_is_given_up(site: HubSite, bot: Bot) -> None:
    put(site, add(site, bot, WECOM, "/x"), "m1")
    bot.answers = [(502, b"")]
    site.now_ms += 25 * 3_600_000
    sender(site, bot).send_due()
    assert rows(site) == [(False, 1, None, "HTTP 502")]


def test_the_same_news_is_one_message_whoever_writes_it_twice(site: HubSite, bot: Bot) -> None:
    channel = add(site, bot, WECOM, "/x")
    put(site, channel, "m1", "m1")
    put(site, channel, "m1")
    sending = sender(site, bot)
    assert sending.send_due() == 1
    assert sending.send_due() == 0
    assert len(bot.got) == 1


def test_a_crash_between_the_answer_and_its_record_sends_it_again(site: HubSite, bot: Bot) -> None:
    put(site, add(site, bot, WECOM, "/x"), "m1")
    with site.reader.connect() as here:
        [waiting] = outbox.due(here, site.now_ms)
        target = channels.targets(here)[waiting.channel]
    assert sender(site, bot).deliver(target, waiting.letter).ok  # and nobody noted it
    assert sender(site, bot).send_due() == 1
    assert [one.body for one in bot.got] == [bot.got[0].body] * 2


def test_no_bot_gets_more_than_twenty_within_a_minute(site: HubSite, bot: Bot) -> None:
    put(site, add(site, bot, WECOM, "/x"), *(f"m{n}" for n in range(25)))
    sending = sender(site, bot)
    for _ in range(10):
        sending.send_due()
    assert len(bot.got) == 20
    site.now_ms += 60_001
    for _ in range(10):
        sending.send_due()
    assert len(bot.got) == 25


def test_a_clock_that_was_a_year_ahead_and_is_put_right_holds_no_message_back(
    site: HubSite, bot: Bot
) -> None:
    right, channel = site.now_ms, add(site, bot, DINGTALK, "/x")
    site.now_ms += 365 * 24 * 3_600_000
    put(site, channel, *(f"early{n}" for n in range(25)))
    bot.answers = [*[TAKEN] * 18, (502, b""), (200, b'{"errcode":130101}')]
    sending = sender(site, bot)
    for _ in range(4):
        sending.send_due()
    tried = len(bot.got)
    site.now_ms = right
    with site.reader.connect() as connection:
        assert outbox.recent(connection, right) == {}
    bot.answers = [TAKEN] * 10
    put(site, channel, "new")
    while sending.send_due():
        pass
    assert len(bot.got) - tried == 8, "five that waited, two that were not taken, and the new one"


def test_a_server_that_says_nothing_keeps_nobody_elses_message_waiting(
    site: HubSite, bot: Bot
) -> None:
    dead, well = add(site, bot, WECOM, "/dead"), add(site, bot, FEISHU, "/well")
    nothing = Outcome(ok=False, error="no answer in time")
    site.writer.call(lambda writing: channels.record(writing, dead, nothing, site.now_ms))
    put(site, dead, *(f"old{n}" for n in range(100)))
    put(site, well, *(f"new{n}" for n in range(12)))
    bot.answers = [TAKEN] * 7 + [(500, b"")] + [TAKEN] * 4
    sending = sender(site, bot)
    sending.send_due()
    assert [urlsplit(one.path).path for one in bot.got] == ["/well"] * 7 + ["/dead"]
    sending.send_due()
    assert sum(urlsplit(one.path).path == "/well" for one in bot.got) == 12


def test_a_bot_that_says_too_many_is_left_alone_for_ten_minutes(site: HubSite, bot: Bot) -> None:
    put(site, add(site, bot, DINGTALK, "/x"), "m1", "m2")
    bot.answers = [(200, b'{"errcode":130101}'), TAKEN]
    sending = sender(site, bot)
    sending.send_due()
    seen = len(bot.got)
    site.now_ms += 9 * 60_000
    sending.send_due()
    assert len(bot.got) == seen
    site.now_ms += 2 * 60_000
    while sending.send_due():
        pass
    assert [row[0] for row in rows(site)] == [True, True]


# --- nowhere inside -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
     "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::",
     "240.0.0.1"],
)  # fmt: skip
def test_an_address_that_is_not_out_there_is_never_connected_to(address: str) -> None:
    poster = Poster(["hook.example"], (), lambda _host, _port: [address])
    with pytest.raises(PostingError, match="private") as caught:
        poster.send(Post("https://hook.example/x", b"{}", {}))
    assert caught.value.final


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_an_address_out_there_is_public(address: str) -> None:
    import ipaddress

    assert is_public(ipaddress.ip_address(address))


def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    poster = Poster(["hook.example"], (), lambda _host, _port: ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(PostingError, match="private"):
        poster.send(Post("https://hook.example/x", b"{}", {}))


def test_a_name_is_asked_for_once_and_the_checked_address_is_the_one_reached(bot: Bot) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    host = f"hook.example:{bot.port}"
    status, _body = Poster([host], LOOPBACK, resolve).send(Post(f"http://{host}/x", b"{}", {}))
    assert status == 200
    assert asked == ["hook.example"]
    assert bot.got[0].headers["host"] == host


def test_a_redirect_is_not_followed(bot: Bot) -> None:
    with Bot() as inner:
        bot.answers = [(302, inner.url("/stolen").encode())]
        status, _ = Poster([bot.host], LOOPBACK).send(Post(bot.url("/x"), b"{}", {}))
        assert status == 302
        assert inner.got == []


def test_plain_http_leads_into_opened_networks_alone() -> None:
    poster = Poster(["hook.example"], LOOPBACK, lambda _host, _port: ["8.8.8.8"])
    with pytest.raises(PostingError, match="https"):
        poster.send(Post("http://hook.example/x", b"{}", {}))


def test_a_server_that_drips_is_left_at_the_deadline() -> None:
    with Bot([(200, b"x" * 10_000)], drip=0.05) as slow:
        poster = Poster([slow.host], LOOPBACK, deadline_s=0.5)
        with pytest.raises(PostingError, match="in time"):
            poster.send(Post(slow.url("/x"), b"{}", {}))


def test_a_server_that_is_not_there_is_no_answer() -> None:
    with Bot() as gone:
        host, url = gone.host, gone.url("/x")
    with pytest.raises(PostingError, match="no connection") as caught:
        Poster([host], LOOPBACK).send(Post(url, b"{}", {}))
    assert not caught.value.final


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("https://elsewhere.example/hook", "host"),
        ("https://qyapi.weixin.qq.com.evil.example/x", "host"),
        ("https://evil.example/qyapi.weixin.qq.com", "host"),
        ("https://qyapi.weixin.qq.com@evil.example/x", "address"),
        ("https://user:pass@qyapi.weixin.qq.com/x", "address"),
        ("https://qyapi.weixin.qq.com:8443/x", "host"),
        ("https://qyapi.weixin.qq.com:99999/x", "address"),
        ("ftp://qyapi.weixin.qq.com/x", "address"),
        ("file:///etc/passwd", "address"),
        ("https://qyapi.weixin.qq.com/x y", "address"),
        ("https://qyapi.weixin.qq.com/x\r\nHost: inner", "address"),
        ("https:///x", "address"),
        ("https://[::1/x", "address"),
    ],
)
def test_an_address_that_is_not_on_the_list_is_no_channel(address: str, what: str) -> None:
    with pytest.raises(ChannelError) as caught:
        channels.check(WEBHOOK, "name", address, "", channels.allowed(()))
    assert caught.value.what == what


def test_the_three_makers_hosts_are_on_the_list() -> None:
    for host in ("qyapi.weixin.qq.com", "oapi.dingtalk.com", "open.feishu.cn"):
        channels.check(WECOM, "name", f"https://{host}/x?key=1", "", channels.allowed(()))


@pytest.mark.parametrize(
    "text", ["x", "a@", "a@b\nBcc: c@d.example", "a b@c.example", "@c.example"]
)
def test_what_is_no_mailbox_is_no_channel(text: str) -> None:
    with pytest.raises(ChannelError):
        channels.check(EMAIL, "name", text, "", ())


def test_a_key_is_in_no_log_and_in_nothing_that_is_shown(
    site: HubSite, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    channel = add(site, bot, DINGTALK, f"/robot/send?{KEY}", "SECtopsecret")
    put(site, channel, "m1")
    bot.answers = [(500, b"")]
    with caplog.at_level(logging.DEBUG):
        sender(site, bot).send_due()
    assert channel in caplog.text  # it does say that it failed
    with site.reader.connect() as here:
        shown = repr(channels.every(here))
    for secret in (KEY, "SECtopsecret", "0f9e8d7c"):
        assert secret not in caplog.text
        assert secret not in shown


# --- e-mail ---------------------------------------------------------------------------------------

USER, PASSWORD, TO = "alarm@stop.example", "pass word", "operator@example.org"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def mail_host(authority: Authority) -> Iterator[MailHost]:
    certificate, key = authority.broker()
    with MailHost(certificate, key, USER, PASSWORD, refused=("gone@example.org",)) as found:
        yield found


def server(
    mail_host: MailHost, authority: Authority | None, password: str = PASSWORD
) -> MailServer:
    trusted = str(authority.file) if authority else ""
    return MailServer("127.0.0.1", mail_host.port, "starttls", USER, password, "", trusted)


def test_an_alarm_arrives_by_mail_over_tls(mail_host: MailHost, authority: Authority) -> None:
    before = len(mail_host.mail)
    assert mailing.send(server(mail_host, authority), TO, LETTER).ok
    [raw] = mail_host.mail[before:]
    message = message_from_bytes(raw, policy=policy.default)
    assert message["Subject"] == LETTER.title
    assert message["To"] == TO
    assert message["From"] == USER
    assert message["Message-ID"] == f"<{LETTER.id}@stop.example>"
    body = message.get_body()
    assert body is not None
    assert body.get_content().strip().replace("\r\n", "\n") == LETTER.text


@pytest.mark.parametrize(
    ("change", "said", "final"),
    [
        ("untrusted", "not trusted", False),
        ("password", "refuses user or password", False),
        ("mailbox", "refused (550)", True),
        ("away", "no connection", False),
        ("none", "no mail server", True),
    ],
)
def test_why_a_mail_did_not_go_is_told(
    mail_host: MailHost, authority: Authority, change: str, said: str, final: bool
) -> None:
    to = "gone@example.org" if change == "mailbox" else TO
    where = server(
        mail_host,
        None if change == "untrusted" else authority,
        "wrong" if change == "password" else PASSWORD,
    )
    if change in ("away", "none"):
        where = MailServer("127.0.0.1" if change == "away" else "", 1)
    outcome = mailing.send(where, to, LETTER)
    assert not outcome.ok
    assert said in outcome.error
    assert PASSWORD not in outcome.error
    assert outcome.final is final


def test_a_title_with_line_breaks_makes_no_headers(
    mail_host: MailHost, authority: Authority
) -> None:
    letter = Letter("b" * 64, "one\r\nBcc: somebody@example.org\r\n\r\ntwo", "text", False, NOON)
    before = len(mail_host.mail)
    assert mailing.send(server(mail_host, authority), TO, letter).ok
    message = message_from_bytes(mail_host.mail[before], policy=policy.default)
    assert message["Bcc"] is None
    assert message["Subject"] == "one Bcc: somebody@example.org two"
