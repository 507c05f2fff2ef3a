"""The code by which a phone shares its Wi-Fi, as phones, routers and stickers write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.setup.wifi import Wifi, WifiCodeError, parse_wifi


def shared(ssid: str, password: str, security: str = "WPA", *, hidden: bool = False) -> str:
    """As a phone writes it."""

    def escaped(text: str) -> str:
        return "".join(f"\\{char}" if char in '\\;,":' else char for char in text)

    hide = "H:true;" if hidden else ""
    return f"WIFI:T:{security};S:{escaped(ssid)};P:{escaped(password)};{hide};"


PASSWORDS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=8, max_size=63)
NAMES = st.text(
    st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=8
).filter(lambda name: not (len(name) > 1 and name[0] == name[-1] == '"'))


@given(NAMES, PASSWORDS, st.booleans())
def test_every_name_and_password_comes_back_as_it_was(
    name: str, password: str, hidden: bool
) -> None:
    assert parse_wifi(shared(name, password, hidden=hidden)) == Wifi(
        name, "wpa", password, hidden=hidden
    )


@pytest.mark.parametrize(
    ("text", "wifi"),
    [
        ("WIFI:S:Stop;T:WPA;P:12345678;;", Wifi("Stop", "wpa", "12345678")),
        ("WIFI:T:WPA;S:Stop;P:12345678;H:;;", Wifi("Stop", "wpa", "12345678")),
        ("WIFI:T:WPA;R:1;S:Stop;P:12345678;;", Wifi("Stop", "wpa", "12345678")),
        ("WIFI:T:WPA2;S:Stop;P:12345678;H:false;;", Wifi("Stop", "wpa", "12345678")),
        ("WIFI:T:SAE;S:Stop;P:short;H:TRUE;;", Wifi("Stop", "sae", "short", True)),
        ("WIFI:T:nopass;S:Free;;", Wifi("Free", "open")),
        ("WIFI:S:Free;;", Wifi("Free", "open")),
        ("WIFI:S:Free;P:not asked for;T:nopass;;", Wifi("Free", "open")),
        ("WIFI:S:Stop;P:12345678;;", Wifi("Stop", "wpa", "12345678")),
        ("wifi:T:WPA;S:Stop;P:12345678;", Wifi("Stop", "wpa", "12345678")),
        ('WIFI:T:WPA;S:"CAFE";P:"0123456789";;', Wifi("CAFE", "wpa", "0123456789")),
        ('WIFI:T:WPA;S:\\"quoted\\";P:12345678;;', Wifi('"quoted"', "wpa", "12345678")),
        (r"WIFI:T:WPA;S:a\;b\:c\\d\,e;P:12\;45\"78;;", Wifi("a;b:c\\d,e", "wpa", '12;45"78')),
        ("WIFI:T:WPA;S:义仓站;P:12345678;;", Wifi("义仓站", "wpa", "12345678")),
        (f"WIFI:T:WPA;S:Stop;P:{'0aF' * 21}9;;", Wifi("Stop", "wpa", "0aF" * 21 + "9")),
    ],
)
def test_what_phones_write_is_read(text: str, wifi: Wifi) -> None:
    assert parse_wifi(text) == wifi


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("WIFI:T:WPA2-EAP;S:Work;E:PEAP;PH2:MSCHAPV2;I:me;P:secret12;;", "enterprise"),
        ("WIFI:S:Work;A:anon;I:me;P:secret12;;", "enterprise"),
        ("WIFI:T:WEP;S:Old;P:12345;;", "weak"),
        ("WIFI:T:WPA;S:Stop;P:1234567;;", "damaged"),
        (f"WIFI:T:WPA;S:Stop;P:{'x' * 64};;", "damaged"),
        ("WIFI:T:WPA;S:Stop;P:密码密码密码密码;;", "damaged"),
        ("WIFI:T:WPA;P:12345678;;", "damaged"),
        (f"WIFI:T:WPA;S:{'字' * 11};P:12345678;;", "damaged"),
        ("WIFI:T:WPA;S:Stop;P:12345678", "damaged"),
        ("WIFI:T:WPA;S:Stop;P:12345678\\", "damaged"),
        ("WIFI:T:WPA;S:Stop;S:Other;P:12345678;;", "damaged"),
        ("WIFI:T:WPA;S;P:12345678;;", "damaged"),
        ("WIFI:T:LATER;S:Stop;P:12345678;;", "damaged"),
        ("WIFI:", "damaged"),
        ("6901234567892", "damaged"),
    ],
)
def test_what_cannot_be_joined_is_refused_by_its_reason(text: str, problem: str) -> None:
    with pytest.raises(WifiCodeError) as caught:
        parse_wifi(text)
    assert caught.value.problem == problem


@given(st.text(max_size=60))
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    try:
        assert parse_wifi("WIFI:" + text).ssid
    except WifiCodeError:
        return


def test_nothing_of_a_network_shows_where_values_are_logged() -> None:
    wifi = parse_wifi(shared("Grandma's flat", "correct horse", hidden=True))
    assert "Grandma" not in repr(wifi)
    assert "horse" not in repr(wifi)
