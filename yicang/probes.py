"""Looking from outside whether a service is ready, and showing its page."""

import http.client
import os
import socket
import subprocess
import sys
from typing import Final

TIMEOUT_S: Final = 2.0


def accepts(host: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection((host, port), timeout=TIMEOUT_S).close()
    except OSError:
        return False
    return True


def healthy(host: str, port: int) -> bool:
    """Whether ``/healthz`` there answers with status 200."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return response.status == 200
    finally:
        connection.close()


def open_browser(url: str) -> None:
    """Shows ``url`` if somebody sits at a screen of this machine; never waits for it.

    In a process of its own: some browsers run inside the call that opens them, and a text
    browser would take over the terminal.
    """
    at_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not at_screen or os.environ.get("SSH_CONNECTION") or not sys.stdout.isatty():
        return
    subprocess.Popen(
        [sys.executable, "-m", "webbrowser", "-t", url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
