"""What the kiosk says when somebody offers time, works, or gives a spoon of rice."""

from typing import Final

from contract.actions import SKILLS
from drivers.ports import Words
from kiosk.state import Phase
from kiosk.texts.figures import Figure

MESSAGES: Final[dict[str, Words]] = {
    "card-first": Words("请先扫您的工作卡，再扫一次", "Scan your own card first, then this again"),
    "not-allowed": Words("这张卡不能做这件事，请找负责人", "This card may not do that: ask the lead"),
    "which-skill": Words("您愿意做什么？请扫技能卡", "What would you like to do? Scan a skill card"),
    "whose-offer": Words("请扫您的卡", "Now scan your own card"),
    "time-offered": Words("已记录：{time} 小时", "Recorded: {time} h"),
    "time-thanks": Words("谢谢您愿意出时间：{time} 小时", "Thank you for offering {time} h"),
    "offer-dropped": Words("没有扫卡，没有记录", "No card: nothing was recorded"),
    "whose-work": Words("请扫您的卡：上工或下工", "Scan your card: to start or to end work"),
    "work-started": Words("上工了，辛苦了", "You are in. Thank you for coming"),
    "work-started-again": Words(
        "上次忘了下工，已按规定记；现在上工", "You forgot to end last time: closed by rule. You are in now"
    ),
    "work-ended": Words("下工了，一共 {time} 小时，谢谢您", "You are out after {time} h. Thank you"),
    "work-ended-unknown": Words(
        "下工了；中间停过电，时间请负责人补上", "You are out. The power was cut: ask the lead to add the time"
    ),
    "work-went-on": Words(
        "这张卡后来又扫过，不能撤销", "That card was scanned elsewhere since: nothing to take back"
    ),
    "work-undone": Words("已撤销刚才的上工或下工", "Taken back: that start or end of work"),
    "spoon": Words("谢谢！一共 {count} 勺米", "Thank you! Spoons of rice: {count}"),
    "spoon-over": Words("已记录 {count} 勺；这个活动已经结束", "{count} recorded; but this campaign is over"),
    "spoons-thanks": Words("谢谢您的 {count} 勺米", "Thank you! Spoons of rice in all: {count}"),
    "help-offering": Words(
        "扫技能卡，每张半小时；更多扫数量卡；再扫您的卡", "A skill card is half an hour; quantity: more; your card"
    ),
    "help-working": Words("扫您的卡：来时一次，走时一次", "Your card: once when you come, once when you go"),
    "help-giving": Words(
        "每扫一次活动卡是一勺；几勺用数量卡；完了按“完成”", "Each scan is a spoon; quantity: several; then finish"
    ),
}  # fmt: skip

NEXT: Final[dict[Phase, Words]] = {
    Phase.OFFERING: Words(
        "扫技能卡和您的卡；完了按“完成”", "A skill card and your card; then finish"
    ),
    Phase.WORKING: Words("扫卡；完了按“完成”", "A card; then finish"),
    Phase.GIVING: Words("再来一勺，或按“完成”", "Another spoon, or finish"),
}

NEXT_AFTER: Final[dict[str, Words]] = {
    "time-thanks": Words("请拿好单子", "Take your slip"),
    "spoons-thanks": Words("请拿好单子", "Take your slip"),
    "work-ended": Words("请拿好单子", "Take your slip"),
}

WHAT: Final[dict[str, Words]] = {
    "time-offered": Words("谢谢您愿意出时间", "Thank you for offering your time"),
    "work": Words("谢谢您的时间", "Thank you for your time"),
    "spoons": Words("谢谢您的一勺米", "Thank you for your rice"),
}

FIGURES: Final[dict[str, Figure]] = {
    **{f"skill-{s.key}": Figure(Words(s.zh, s.en), "half-hours") for s in SKILLS},
    "worked": Figure(Words("工作时间", "Time worked"), "minutes"),
    "work-unknown": Figure(Words("停过电，时间待补", "Power was cut, time to be added"), "none"),
    "spoons": Figure(Words("勺", "Spoons")),
}
