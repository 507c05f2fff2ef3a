"""What the voice can say: at most a dozen prompts for every day, and one for each thing that can
happen on the day on which a kiosk is set up, each under four seconds. Pure.

A prompt is a name, which is the name of its sound file, and what is to be recorded. Which message
plays which prompt is the kiosk's matter (`kiosk.voice`); where recordings lie is in
`drivers.sound_files`. None of them tells what was brought or by whom. A neighbour who lends a voice
records those of every day; the others are heard once, by whoever sets the kiosk up, and may stay
as they are shipped. Numbers are prompts of their own, said after others: how far one has come.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

LANGUAGES: Final = ("zh", "dialect", "en")
"""Mandarin, the neighbourhood's own dialect, English: a folder of sound files each."""

MAX_PROMPTS: Final = 12
MAX_MS: Final = 4_000


class Prompt(Struct, frozen=True):
    """``zh`` is said in Mandarin and, in its own words, in the dialect."""

    name: str
    zh: str
    en: str


PROMPTS: Final = (
    Prompt("welcome", "您好，请扫物品", "Please scan an item"),
    Prompt("help", "请扫条码，或者类别卡", "Scan a pack or a card"),
    Prompt("category", "请扫类别卡", "Scan a category card"),
    Prompt("saved", "已保存，请贴标签", "Saved. Stick the label on"),
    Prompt("undone", "已撤销", "Taken back"),
    Prompt("thanks", "谢谢，请拿收据", "Thank you. Take the receipt"),
    Prompt("recorded", "已记录，辛苦了", "Recorded. Thank you"),
    Prompt("again", "请再扫一次", "Scan it again"),
    Prompt("refused", "现在不能扫这个", "That does nothing now"),
    Prompt("staff", "已记录，请告诉工作人员", "Recorded. Tell the staff"),
    Prompt("paper", "请看打印机", "Check the printer"),
    Prompt("unsaved", "没有保存，请叫工作人员", "Not saved! Call the staff"),
)

PROMPT_NAMES: Final = frozenset(prompt.name for prompt in PROMPTS)

COUNTED: Final = 12
"""Numbers up to this one can be said."""

_NUMBERS: Final = (
    ("一个", "one"),
    ("两个", "two"),
    ("三个", "three"),
    ("四个", "four"),
    ("五个", "five"),
    ("六个", "six"),
    ("七个", "seven"),
    ("八个", "eight"),
    ("九个", "nine"),
    ("十个", "ten"),
    ("十一个", "eleven"),
    ("十二个", "twelve"),
)
NUMBERS: Final = tuple(
    Prompt(f"number-{value}", zh, en) for value, (zh, en) in enumerate(_NUMBERS, start=1)
)

SETUP_PROMPTS: Final = (
    Prompt("setup-wifi", "准备好了，请扫无线网的码", "Ready. Scan the Wi-Fi code"),
    Prompt("setup-hub", "请接着扫中心的码", "Now scan the hub's code"),
    Prompt("setup-joining", "正在连，请等等", "Joining. Wait"),
    Prompt("setup-joined", "连好了，请扫中心的码", "Joined. Scan the hub's code"),
    Prompt("setup-password", "无线网的密码不对", "Wrong Wi-Fi password"),
    Prompt("setup-no-such-wifi", "这里没有这个无线网", "That Wi-Fi is not in reach"),
    Prompt("setup-no-radio", "没有无线网，请插网线", "No Wi-Fi. Plug in a cable"),
    Prompt("setup-forbidden", "系统不让连，请插网线", "Not allowed. Use a cable"),
    Prompt("setup-wifi-failed", "没连上，请再扫一次", "That failed. Scan it again"),
    Prompt("setup-wifi-user", "这个无线网要用户名", "That Wi-Fi wants a user name"),
    Prompt("setup-wifi-weak", "这个无线网不安全", "That Wi-Fi is not safe"),
    Prompt("setup-wifi-unread", "无线网的码没读清", "Wi-Fi code not read"),
    Prompt("setup-anew", "重新开始", "Starting over"),
    Prompt("setup-part", "扫好了", "I have"),
    Prompt("setup-of", "一共", "of"),
    Prompt("setup-more", "请扫其余的条码", "Now the others"),
    Prompt("setup-unread", "中心的码没读清", "Hub's code not read"),
    Prompt("setup-later", "系统太旧，请告诉中心", "Too old. Tell the hub"),
    Prompt("setup-working", "正在登记，请等等", "Enrolling. Wait"),
    Prompt("setup-busy", "还在忙，请等等", "Still at it. Wait"),
    Prompt("setup-network", "没有网络", "There is no network"),
    Prompt("setup-unreachable", "找不到中心", "I cannot reach the hub"),
    Prompt("setup-hub-busy", "中心太忙，会再试", "The hub is busy"),
    Prompt("setup-nonsense", "中心答得不对", "The hub talks nonsense"),
    Prompt("setup-wrong", "中心不认识这个码", "The hub does not know this code"),
    Prompt("setup-expired", "这个码过期了", "This code has expired"),
    Prompt("setup-used", "这个码用过了", "This code was used before"),
    Prompt("setup-cancelled", "这个码作废了", "This code was cancelled"),
    Prompt("setup-foreign", "这个码是别的中心的", "That hub is not the one of this code"),
    Prompt("setup-enrolled", "登记好了，请核对六位数字", "Enrolled. Read out the six digits"),
    Prompt("setup-not-yet", "这台还没有设置好", "This kiosk is not set up yet"),
    Prompt("setup-unsaved", "存不下来，请换卡", "Cannot save. Change the card"),
    Prompt("setup-done", "设置完成，辛苦了", "The kiosk is set up. Well done"),
    *NUMBERS,
)
"""Said while a kiosk is set up and on no other day (`kiosk.setup`)."""

SETUP_NAMES: Final = frozenset(prompt.name for prompt in SETUP_PROMPTS)
ALL_PROMPTS: Final = PROMPTS + SETUP_PROMPTS
ALL_NAMES: Final = PROMPT_NAMES | SETUP_NAMES


def counted(have: int, of: int) -> tuple[str, ...]:
    """The prompts that say how many of how many were scanned; without numbers where there are more
    than can be said."""
    if not 1 <= have <= of <= COUNTED:
        return ("setup-more",)
    return ("setup-part", f"number-{have}", "setup-of", f"number-{of}")
