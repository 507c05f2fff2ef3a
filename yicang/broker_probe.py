"""Whether an existing broker is one that hub and kiosk can use: asked by the connection that they
would make themselves, before anything is started."""

import time
from typing import Any, Final

from drivers.ports import Words

TIMEOUT_S: Final = 2.0
"""How long reaching it may take, and then its answer."""


def fault(host: str, port: int, *, has_account: bool) -> Words | None:
    """Why the broker there is of no use; None when it takes a client of MQTT 5.

    ``has_account``: hub and kiosk have a name and a password that are not known here, so that one
    who turns strangers away is as it should be.
    """
    # Only `--broker` needs it: other starts do without a tenth of a second of imports.
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
    from paho.mqtt.reasoncodes import ReasonCode

    answers: list[ReasonCode] = []

    def answered(_client: mqtt.Client, _data: Any, _flags: Any, code: ReasonCode, _: Any) -> None:
        answers.append(code)

    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.connect_timeout = TIMEOUT_S
    client.on_connect = answered
    try:
        client.connect(host, port)
    except (OSError, UnicodeError) as error:  # a name with an empty part cannot even be asked for
        return Words(zh=f"无法连接（{error}）", en=f"cannot be reached ({error})")
    end = time.monotonic() + TIMEOUT_S
    status = MQTTErrorCode.MQTT_ERR_SUCCESS
    while not answers and status == MQTTErrorCode.MQTT_ERR_SUCCESS and time.monotonic() < end:
        status = client.loop(timeout=0.1)
    client.disconnect()
    if not answers:
        return Words(
            zh="应答的不是 MQTT 5 代理", en="what is there does not answer as an MQTT 5 broker"
        )
    if answers[0].is_failure and not (has_account and _wants_account(answers[0].value)):
        return Words(zh=f"代理拒绝连接（{answers[0]}）", en=f"the broker refuses us ({answers[0]})")
    return None


def _wants_account(code: int) -> bool:
    """Bad user name or password, or not authorized: MQTT 5, 3.2.2.2."""
    return code in (0x86, 0x87)
