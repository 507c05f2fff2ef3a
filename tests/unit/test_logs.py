"""No bearer token gets into a log, by whichever library's hand."""

import logging

import pytest

from contract.codes import Kind, claim_text, token_code
from yicang.logs import FORMAT, TokenFreeFormatter

SECRETS = {
    "claim": f"GET /c/{claim_text(bytes(range(10)))} failed",
    "person": f"bad value {token_code(Kind.PERSON, bytes(range(10)))}",
    "family": f"bad value {token_code(Kind.FAMILY, bytes(range(10))).lower()}!",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_token_in_a_message_or_a_traceback_is_taken_out(kind: str) -> None:
    text = SECRETS[kind]
    secret = max(text.replace("/", " ").rstrip("!").split(), key=len)
    try:
        raise ValueError(text)
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "x.py", 1, "%s", (text,), (ValueError, error, error.__traceback__)
        )
    written = TokenFreeFormatter(FORMAT).format(record)
    assert secret not in written
    assert "[...]" in written
    assert "Traceback" in written


def test_item_codes_and_hashes_stay_readable() -> None:
    text = "G7K2M000017 " + "ab12" * 16 + " /t/G7K2M000017 kiosk-1.0123456789abcdef.7"
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, text, None, None)
    assert text in TokenFreeFormatter(FORMAT).format(record)
