"""Sockets that systemd opened: whom they are for, and where plain HTTP leads."""

import http.client
import socket

import pytest

from hub.sockets import Inherited, Redirect, inherited, location


def test_sockets_that_are_for_another_process_are_left_alone() -> None:
    environment = {"LISTEN_PID": "1", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b", "HOME": "/"}
    assert inherited(environment, 4242) == Inherited()
    assert environment == {"HOME": "/"}


@pytest.mark.parametrize(
    ("public_url", "host", "path", "target"),
    [
        ("https://hub.example", "anything", "/t/G?a=1&b=2", "https://hub.example/t/G?a=1&b=2"),
        ("https://hub.example:8443/", "x", "/", "https://hub.example:8443/"),
        ("", "hub.local", "/login", "https://hub.local/login"),
        ("", "192.0.2.7:80", "/", "https://192.0.2.7/"),
        ("", "[2001:db8::7]", "/", "https://[2001:db8::7]/"),
        ("", "[2001:db8::7]:80", "/", "https://[2001:db8::7]/"),
        ("", "evil.example/..@", "/", ""),
        ("", "", "/", ""),
        ("https://hub.example", "x", "http://evil.example/", ""),
    ],
)
def test_plain_http_is_led_to_the_same_page_behind_tls(
    public_url: str, host: str, path: str, target: str
) -> None:
    assert location(public_url, host, path) == target


def test_a_browser_that_typed_no_https_is_told_where_to_go() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        redirect = Redirect([listening.fileno()], "https://hub.example")
        redirect.start()
        try:
            for method, path in (("GET", "/t/x"), ("HEAD", "/")):
                line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                line.request(method, path)
                answer = line.getresponse()
                assert (answer.status, answer.headers["Location"]) == (
                    308,
                    f"https://hub.example{path}",
                )
                line.close()
        finally:
            redirect.close()
