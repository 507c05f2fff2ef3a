"""What the voice can say: at most a dozen prompts for every day, at most a dozen more for the day
on which a kiosk is set up, each under four seconds. Pure.

A prompt is a name, which is the name of its sound file, and what is to be recorded. Which message
plays which prompt is the kiosk's matter (`kiosk.voice`); where recordings lie is in
`drivers.sound_files`. None of them tells what was brought or by whom. A neighbour who lends a voice
records those of every day; the others are heard once, by whoever sets the kiosk up, and may stay
as they are shipped.
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

SETUP_PROMPTS: Final = (
    Prompt("setup-wifi", "准备好了，请扫无线网的码", "Ready. Scan the Wi-Fi code"),
    Prompt("setup-hub", "请接着扫中心的码", "Now scan the hub's code"),
    Prompt("setup-password", "无线网的密码不对", "Wrong Wi-Fi password"),
    Prompt("setup-network", "连不上网络", "There is no network"),
    Prompt("setup-wrong", "中心不认识这个码", "The hub does not know this code"),
    Prompt("setup-expired", "这个码过期了", "This code has expired"),
    Prompt("setup-used", "这个码用过了", "This code was used before"),
    Prompt("setup-cancelled", "这个码作废了", "This code was cancelled"),
    Prompt("setup-foreign", "这个码是别的中心的", "That hub is not the one of this code"),
    Prompt("setup-enrolled", "登记好了，请核对六位数字", "Enrolled. Read out the six digits"),
    Prompt("setup-not-yet", "这台还没有设置好", "This kiosk is not set up yet"),
    Prompt("setup-done", "设置完成，辛苦了", "The kiosk is set up. Well done"),
)
"""Said while a kiosk is set up and on no other day (`kiosk.setup`)."""

SETUP_NAMES: Final = frozenset(prompt.name for prompt in SETUP_PROMPTS)
ALL_PROMPTS: Final = PROMPTS + SETUP_PROMPTS
ALL_NAMES: Final = PROMPT_NAMES | SETUP_NAMES
