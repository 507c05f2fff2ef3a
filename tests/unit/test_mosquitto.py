"""What Mosquitto is told: the lines that matter, in both of its styles."""

import re

import pytest

from contract import topics
from contract.batches import MAX_BATCH_BYTES
from provisioning import mosquitto
from provisioning.mosquitto import BrokerFileError, BrokerSettings, Style

SALT = b"s" * mosquitto.SALT_BYTES
SECRET = mosquitto.verifier("secret", SALT)


def doors(text: str) -> dict[int, list[str]]:
    """The lines of each listener by its port; 0: what comes before the first."""
    found: dict[int, list[str]] = {0: []}
    port = 0
    for line in text.splitlines():
        if line.startswith("listener "):
            port = int(line.split()[1])
            found[port] = []
        found[port].append(line)
    return found


def config(style: Style, *, certificates: bool = True) -> dict[int, list[str]]:
    settings = BrokerSettings(style=style, certificate_port=8884 if certificates else None)
    return doors(mosquitto.config(settings))


@pytest.mark.parametrize("style", list(Style))
def test_the_hub_comes_in_by_loopback_and_kiosks_by_tls_alone(style: Style) -> None:
    found = config(style)
    assert set(found) == {0, 1883, 8883, 8884}
    assert found[1883][0] == "listener 1883 127.0.0.1"
    for port in (8883, 8884):
        assert {"use_username_as_clientid true", "tls_version tlsv1.2", "max_qos 1"} <= {
            *found[port]
        }
    assert "use_username_as_clientid true" not in found[1883]
    assert {"require_certificate true", "use_identity_as_username true"} <= {*found[8884]}
    assert any(line.startswith("crlfile ") for line in found[8884])
    assert 8884 not in config(style, certificates=False)


@pytest.mark.parametrize("style", list(Style))
def test_nobody_is_anonymous_at_any_door(style: Style) -> None:
    word = "allow_anonymous" if style is Style.V2_0 else "listener_allow_anonymous"
    found = config(style)
    assert all(f"{word} false" in lines for port, lines in found.items() if port)


@pytest.mark.parametrize("style", list(Style))
def test_every_limit_is_written_down_and_a_full_batch_passes(style: Style) -> None:
    limits = dict(line.split(" ", 1) for line in config(style)[0] if " " in line)
    for name in (
        "max_queued_messages",
        "max_queued_bytes",
        "max_inflight_messages",
        "message_size_limit",
        "max_packet_size",
        "max_keepalive",
    ):
        assert int(limits[name]) > 0, name
    assert int(limits["message_size_limit"]) >= MAX_BATCH_BYTES
    assert int(limits["max_packet_size"]) > int(limits["message_size_limit"])


def test_2_1_uses_plugins_and_takes_mqtt_5_alone() -> None:
    found = config(Style.V2_1)
    before = "\n".join(found[0])
    for name, kind in (
        ("hub", "password"),
        ("hub", "acl"),
        ("kiosk", "password"),
        ("kiosk", "acl"),
    ):
        assert re.search(rf"plugin_load {name}-\w+ /\S+/mosquitto_{kind}_file\.so", before)
    for port, lines in found.items():
        text = "\n".join(lines)
        assert "password_file /" not in text.replace("plugin_opt_password_file", "")
        assert port == 0 or "accept_protocol_versions 5" in lines
    assert "plugin_use kiosk-accounts" in found[8883]
    assert "plugin_use kiosk-accounts" not in found[8884]


def test_2_0_has_the_same_files_as_options() -> None:
    found = config(Style.V2_0)
    assert "plugin" not in "".join(map(str, found.values()))
    assert "password_file /etc/mosquitto/yicang/hub.passwd" in found[1883]
    assert "password_file /var/lib/yicang/broker/passwd" in found[8883]
    assert "acl_file /var/lib/yicang/broker/acl" in found[8884]
    assert not any(line.startswith("password_file") for line in found[8884])


def test_a_path_cannot_smuggle_a_line_in() -> None:
    for path in ("/a\nallow_anonymous true", "relative", "/with space", ""):
        with pytest.raises(BrokerFileError):
            mosquitto.config(BrokerSettings(style=Style.V2_0, key=path))


@pytest.mark.parametrize(
    ("said", "style"),
    [
        ("mosquitto version 2.0.11\n", Style.V2_0),
        ("mosquitto version 2.0.22", Style.V2_0),
        ("mosquitto version 2.1.2", Style.V2_1),
        ("mosquitto version 3.0.0", Style.V2_1),
    ],
)
def test_the_style_follows_from_the_version(said: str, style: Style) -> None:
    assert mosquitto.style_of(said) is style


@pytest.mark.parametrize("said", ["mosquitto version 1.6.9", "", "command not found"])
def test_an_older_mosquitto_is_refused(said: str) -> None:
    with pytest.raises(BrokerFileError, match=r"2\.0"):
        mosquitto.style_of(said)


def test_access_rules_name_every_topic_of_the_contract_and_no_other() -> None:
    rules = mosquitto.kiosk_acl().splitlines()
    written = {line.removeprefix("pattern write ") for line in rules if "pattern write" in line}
    read = {line.removeprefix("pattern read ") for line in rules if "pattern read" in line}
    assert written == {topics.up("%u", name) for name in topics.UP}
    assert read == {
        *(topics.down("%u", name) for name in topics.DOWN),
        topics.HUB_STATUS,
        topics.reference("+"),
    }
    assert not [line for line in rules if "$" in line]


def test_who_is_forbidden_for_good_can_be_read_back_and_who_is_held_off_is_not() -> None:
    text = mosquitto.kiosk_acl(["kiosk-9", "kiosk-3"], ["kiosk-4", "kiosk-9"])
    assert mosquitto.forbidden_in(text) == {"kiosk-3", "kiosk-9"}
    assert text.count("topic deny #") == 3
    assert mosquitto.forbidden_in("") == frozenset()
    assert mosquitto.forbidden_in("user kiosk-1\ntopic deny #\n") == frozenset()


def test_a_file_of_accounts_holds_each_once() -> None:
    text = mosquitto.kiosk_passwd([("kiosk-2", SECRET), ("kiosk-1", SECRET)])
    assert text == f"kiosk-1:{SECRET}\nkiosk-2:{SECRET}\n"
    with pytest.raises(BrokerFileError, match="kiosk-1"):
        mosquitto.kiosk_passwd([("kiosk-1", SECRET), ("kiosk-1", SECRET)])
    with pytest.raises(BrokerFileError):
        mosquitto.kiosk_passwd([(mosquitto.HUB_USER, SECRET)])
