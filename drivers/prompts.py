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
    Prompt("welcome", "您好，请扫物品", "Hello. Please scan an item"),
    Prompt("help", "请扫包装条码，或者类别卡", "Scan the pack, or a category card"),
    Prompt("category", "这是什么？请扫类别卡", "What is it? Scan a category card"),
    Prompt("saved", "已保存，请贴标签", "Saved. Stick the label on"),
    Prompt("undone", "已撤销", "Taken back"),
    Prompt("thanks", "谢谢您，请拿好收据", "Thank you. Take your receipt"),
    Prompt("recorded", "已记录，辛苦了", "Recorded. Thank you"),
    Prompt("again", "没读清楚，请再扫一次", "Not clear. Scan it again"),
    Prompt("refused", "这个现在不能扫", "That does nothing now"),
    Prompt("staff", "已记录，请告诉工作人员", "Recorded. Please tell the staff"),
    Prompt("paper", "打印机请看一下", "Look at the printer, please"),
    Prompt("unsaved", "没有保存，请叫工作人员", "Not saved! Call the staff"),
)

PROMPT_NAMES: Final = frozenset(prompt.name for prompt in PROMPTS)
