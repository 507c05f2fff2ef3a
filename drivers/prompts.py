"""What the voice can say: at most a dozen prompts, each under four seconds. Pure.

A prompt is a name, which is the name of its sound file, and what is to be recorded. Which message
plays which prompt is the kiosk's matter (`kiosk.voice`); where recordings lie is in
`drivers.sound_files`. None of them tells what was brought or by whom.
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
