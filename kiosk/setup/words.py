"""What is said while a kiosk is set up: by voice, light, page and slip. Pure. One row an outcome.

Written for somebody who has never done this, holds a phone, and hears rather than reads. No row
names a network, a password or a code.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from drivers.ports import Signal, Words


class Row(Struct, frozen=True):
    """``prompt`` is of `drivers.prompts`, and no other row's: each outcome is heard apart. ``then``
    is what to do next. With ``slip`` it is printed as well."""

    signal: Signal
    prompt: str
    words: Words
    then: Words
    slip: bool = True


_PHONE: Final = Words(
    "在手机上打开“分享 Wi-Fi”的二维码，对着扫码枪。有网线的话，插上网线就行",
    "On your phone, show the code that shares the Wi-Fi and hold it to the scanner. "
    "Or plug in a network cable",
)
_HUB: Final = Words(
    "请扫中心给的码：网页上的二维码，或者打印出来的一排条码，先后都行",
    "Scan the hub's code: the QR code on its page, or the printed row of bar codes, in any order",
)
_NEW: Final = Words("请中心的人给一个新的码，再扫", "Ask the hub for a new code and scan that")
_WAIT: Final = Words("请等一下，不用做什么", "Please wait: there is nothing to do")
_BY_ITSELF: Final = Words(
    "过一会儿会自己再试。也可以换一个 Wi-Fi 的码扫，或者插网线",
    "It tries again by itself. You can also scan another Wi-Fi code or plug in a cable",
)

ROWS: Final[dict[str, Row]] = {
    "ask-wifi": Row(
        Signal.IDLE, "setup-wifi", Words("可以开始设置了", "Ready to be set up"), _PHONE
    ),
    "ask-hub": Row(Signal.IDLE, "setup-hub", Words("网络好了", "The network works"), _HUB),
    "joining": Row(
        Signal.BUSY,
        "setup-joining",
        Words("正在连 Wi-Fi…", "Joining the Wi-Fi…"),
        _WAIT,
        slip=False,
    ),
    "wifi-joined": Row(
        Signal.SAVED, "setup-joined", Words("Wi-Fi 连好了", "The Wi-Fi is joined"), _HUB
    ),
    "wifi-password": Row(
        Signal.REFUSED,
        "setup-password",
        Words("Wi-Fi 的密码不对", "The Wi-Fi's password is wrong"),
        Words(
            "请在手机上核对密码，再扫一次", "Check the password on the phone, then scan it again"
        ),
    ),
    "wifi-not-found": Row(
        Signal.REFUSED,
        "setup-no-such-wifi",
        Words("这里没有这个 Wi-Fi", "No Wi-Fi of this name is in reach"),
        Words(
            "请把终端放近路由器，或者扫另一个 Wi-Fi 的码",
            "Move the kiosk nearer to the router, or scan another Wi-Fi's code",
        ),
    ),
    "wifi-no-radio": Row(
        Signal.REFUSED,
        "setup-no-radio",
        Words("这台机器没有可用的 Wi-Fi", "This machine has no Wi-Fi that can be used"),
        Words("请插网线", "Plug in a network cable"),
    ),
    "wifi-forbidden": Row(
        Signal.REFUSED,
        "setup-forbidden",
        Words("系统不让终端设置 Wi-Fi", "The system does not let the kiosk set up Wi-Fi"),
        Words("请插网线，并告诉中心", "Plug in a network cable, and tell the hub"),
    ),
    "wifi-failed": Row(
        Signal.REFUSED,
        "setup-wifi-failed",
        Words("Wi-Fi 没有连上", "The Wi-Fi could not be joined"),
        Words("请再扫一次；还不行就插网线", "Scan it again. If that fails, plug in a cable"),
    ),
    "wifi-enterprise": Row(
        Signal.REFUSED,
        "setup-wifi-user",
        Words(
            "这个 Wi-Fi 要用户名，终端用不了", "This Wi-Fi asks for a user name: not for a kiosk"
        ),
        Words("请扫一个只要密码的 Wi-Fi", "Scan a Wi-Fi that asks for a password only"),
    ),
    "wifi-weak": Row(
        Signal.REFUSED,
        "setup-wifi-weak",
        Words(
            "这个 Wi-Fi 的加密（WEP）太旧，不安全",
            "This Wi-Fi's protection (WEP) is no longer safe",
        ),
        Words("请扫另一个 Wi-Fi，或者插网线", "Scan another Wi-Fi, or plug in a cable"),
    ),
    "wifi-damaged": Row(
        Signal.REFUSED,
        "setup-wifi-unread",
        Words("Wi-Fi 的码没读清楚", "The Wi-Fi code was not read clearly"),
        Words("请再扫一次", "Scan it again"),
    ),
    "anew": Row(
        Signal.SAVED,
        "setup-anew",
        Words("重新开始设置", "Starting over"),
        Words(
            "以前扫的都留在这张卡里，请告诉中心",
            "What was scanned before stays on this card: tell the hub",
        ),
    ),
    "part": Row(
        Signal.SAVED,
        "setup-part",
        Words("第 {have} 个，共 {of} 个", "{have} of {of}"),
        Words("请扫其余的条码，先后都行", "Scan the others, in any order"),
    ),
    "code-damaged": Row(
        Signal.REFUSED,
        "setup-unread",
        Words("中心的码没读清楚", "The hub's code was not read clearly"),
        Words("请再扫一次", "Scan it again"),
    ),
    "code-later": Row(
        Signal.REFUSED,
        "setup-later",
        Words("这个码要用更新的系统", "This code needs a newer system on the card"),
        Words("请告诉中心", "Tell the hub"),
    ),
    "working": Row(
        Signal.BUSY,
        "setup-working",
        Words("正在向中心登记…", "Enrolling at the hub…"),
        _WAIT,
        slip=False,
    ),
    "busy": Row(
        Signal.BUSY, "setup-busy", Words("还在忙，请等一下", "Still at it"), _WAIT, slip=False
    ),
    "no-network": Row(
        Signal.REFUSED, "setup-network", Words("没有网络", "There is no network"), _PHONE
    ),
    "hub-unreachable": Row(
        Signal.ATTENTION,
        "setup-unreachable",
        Words("有网络，但找不到中心", "There is a network, but the hub cannot be reached"),
        _BY_ITSELF,
    ),
    "hub-busy": Row(
        Signal.ATTENTION,
        "setup-hub-busy",
        Words("中心现在太忙", "The hub has too much to do now"),
        _WAIT,
    ),
    "hub-error": Row(
        Signal.ATTENTION,
        "setup-nonsense",
        Words("中心的回答看不懂", "The hub's answer makes no sense"),
        Words(
            "会自己再试；一直这样，请告诉中心",
            "It tries again by itself. If this stays, tell the hub",
        ),
    ),
    "code-unknown": Row(
        Signal.REFUSED,
        "setup-wrong",
        Words("中心不认识这个码", "The hub does not know this code"),
        _NEW,
    ),
    "code-expired": Row(
        Signal.REFUSED, "setup-expired", Words("这个码过期了", "This code has expired"), _NEW
    ),
    "code-used": Row(
        Signal.REFUSED,
        "setup-used",
        Words("这个码已经被别的终端用过了", "Another kiosk has used this code already"),
        Words("请马上告诉中心，要一个新的码", "Tell the hub at once, and ask for a new code"),
    ),
    "code-cancelled": Row(
        Signal.REFUSED, "setup-cancelled", Words("这个码作废了", "This code was cancelled"), _NEW
    ),
    "hub-foreign": Row(
        Signal.REFUSED,
        "setup-foreign",
        Words(
            "那里的中心不是给这个码的中心，没有登记",
            "The hub there is not the one that gave this code. Nothing was told to it",
        ),
        Words("请告诉中心，再要一个新的码", "Tell your hub, and ask for a new code"),
    ),
    "enrolled": Row(
        Signal.SAVED,
        "setup-enrolled",
        Words("登记好了", "Enrolled"),
        Words("请把 {digits} 告诉中心的人", "Read {digits} out to the hub"),
        slip=False,  # it has a ticket
    ),
    "not-yet": Row(
        Signal.REFUSED,
        "setup-not-yet",
        Words("还没有设置好，什么都没记", "Not set up yet: nothing was recorded"),
        Words("请先扫 Wi-Fi 的码，再扫中心的码", "First scan the Wi-Fi's code, then the hub's"),
        slip=False,
    ),
    "not-saved": Row(
        Signal.REFUSED,
        "setup-unsaved",
        Words("存不下来：存储卡可能坏了", "It cannot be saved: the card may be broken"),
        Words("请告诉中心，换一张卡", "Tell the hub, and try another card"),
        slip=False,
    ),
}

SETTING_UP: Final = Words("设置", "Setting up")
NOT_NAMED: Final = Words("新的义仓终端", "A new Yicang kiosk")

CONFIRMING: Final = Words("请把 {digits} 告诉中心的人", "Read {digits} out to the hub")
SAMPLE: Final = Words("中心确认了：请扫一件样品", "The hub has confirmed it. Scan the sample")
"""What the page says between enrolment and the first scan; the voice says ``welcome``."""


def filled(words: Words, **values: object) -> Words:
    """Words with their values."""
    return Words(words.zh.format(**values), words.en.format(**values))


NOT_CONFIRMED: Final = Words(
    "中心没有确认这台终端：请中心给一个新的码，在这里扫",
    "The hub did not confirm this kiosk: ask it for a new code and scan that here",
)
