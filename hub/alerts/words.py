"""What an alarm is called, why it probably is, and the one question to ask: in both languages.

Written for somebody who has the host of a stop on the telephone and sees nothing. ``{n}`` and the
like are filled in from what the rule found.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from hub.alerts.rules import HOST


class Text(Struct, frozen=True):
    """One text in both languages."""

    zh: str
    en: str

    def filled(self, values: Mapping[str, object]) -> "Text":
        """With the values; one that is missing stays as it is."""
        return Text(_fill(self.zh, values), _fill(self.en, values))


class Words(Struct, frozen=True):
    """Title, likely cause and the question."""

    title: Text
    cause: Text
    ask: Text


def _words(title: tuple[str, str], cause: tuple[str, str], ask: tuple[str, str]) -> Words:
    return Words(Text(*title), Text(*cause), Text(*ask))


_LIGHT: Final = ("灯是什么颜色？", "What colour is the light?")

WORDS: Final[Mapping[str, Words]] = {
    "kiosk-silent": _words(
        ("终端失联", "The kiosk does not answer"),
        (
            "多半是断电或断网：插头、插线板、路由器。记录仍存在终端里。",
            "Most often power or network: a plug, power strip, router. Its records are safe.",
        ),
        _LIGHT,
    ),
    "refusing": _words(
        ("终端拒绝所有扫描", "The kiosk refuses every scan"),
        (
            "存储卡已满或损坏，无法再保存任何记录。",
            "Its memory card is full or broken: nothing more can be saved on it.",
        ),
        ("最后一次听到“滴”声是什么时候？", "When did it last beep?"),
    ),
    "scanner-down": _words(
        ("扫码枪不工作", "The scanner does not work"),
        (
            "终端正常，但扫码枪没有连上：线松了、没插，或扫码枪坏了。",
            "The kiosk runs, but no scanner answers: a loose cable, unplugged, or broken.",
        ),
        ("按下扫码枪的扳机，它会亮吗？", "Does the scanner light up when you pull its trigger?"),
    ),
    "printer-down": _words(
        ("打印机不工作", "The printer does not work"),
        (
            "电源没开、线松了、盖子没合上，或打印机坏了。收到的物品仍有记录，但没有标签。",
            "Off, a loose cable, an open lid, or broken. Goods are recorded, without labels.",
        ),
        ("打印机的灯是什么颜色？", "What colour is the printer's light?"),
    ),
    "paper-out": _words(
        ("打印机没有纸", "The printer has no paper"),
        ("纸用完了，或纸没有放好。", "The roll is used up, or it is not seated well."),
        ("打印机里还有纸吗？", "Is there paper in the printer?"),
    ),
    "paper-low": _words(
        ("纸快用完了", "Paper is running low"),
        ("纸只剩约 {mm} 毫米。", "About {mm} mm of paper are left."),
        ("站点还有备用纸卷吗？", "Is there a spare roll at the stop?"),
    ),
    "device-down": _words(
        ("灯板或喇叭不工作", "Lights or speaker do not work"),
        ("线松了或设备坏了：{device}。", "A loose cable or a broken device: {device}."),
        ("扫描时灯会亮、会有声音吗？", "Does it light up and beep when something is scanned?"),
    ),
    "print-queue": _words(
        ("等待打印的太多", "Too much waits to be printed"),
        ("有 {n} 张在等打印机。", "{n} papers wait for the printer."),
        ("打印机在出纸吗？", "Is paper coming out of the printer?"),
    ),
    "unsent-old": _words(
        ("记录很久没有送达", "Records have not been sent for long"),
        (
            "最早的一条已等了 {n} 分钟：网络太慢，或中心不确认。",
            "The oldest has waited for {n} minutes: a slow network, or the hub does not answer.",
        ),
        ("站点的网络最近换过吗？", "Has the network at the stop changed lately?"),
    ),
    "backlog": _words(
        ("未送达的记录太多", "Too many records are not sent"),
        (
            "有 {n} 条在等待：网络断过，正在补送，或中心跟不上。",
            "{n} are waiting: the network was away and they are catching up, or the hub is slow.",
        ),
        ("这个数在变小吗？", "Is the number going down?"),
    ),
    "clock-untrusted": _words(
        ("终端不知道现在几点", "The kiosk does not know the time"),
        (
            "没有时钟电池，也没有从网络得到时间。食品会先放到一边待查。",
            "No clock battery, and no time from the network. Food is set aside to be checked.",
        ),
        ("站点能正常上网吗？", "Does the internet work at the stop?"),
    ),
    "under-voltage": _words(
        ("供电不足", "Too little power"),
        (
            "电源适配器太弱、线太细，或插线板接触不良。",
            "A weak power supply, a thin cable, or a bad contact in the power strip.",
        ),
        ("用的是随机的电源吗？", "Is it the power supply that came with it?"),
    ),
    "hot": _words(
        ("终端太热", "The kiosk is too hot"),
        (
            "处理器 {n} °C：在太阳下、被盖住，或风扇停了。",
            "The processor is at {n} °C: in the sun, covered, or its fan has stopped.",
        ),
        (
            "终端被太阳晒着或被东西盖住了吗？",
            "Does the sun shine on it, or does something cover it?",
        ),
    ),
    "throttled": _words(
        ("终端变慢了", "The kiosk has slowed down"),
        ("它因为太热而自己降速。", "It slows itself down because it is too warm."),
        ("终端周围通风吗？", "Can air get to the kiosk?"),
    ),
    "disk-low": _words(
        ("终端空间不多", "Little room on the kiosk"),
        ("只剩 {n} MB。满了以后会拒绝扫描。", "{n} MB are left. Once full, it refuses scans."),
        ("这台终端多久没有联网了？", "How long has this kiosk been without a network?"),
    ),
    "reference-refused": _words(
        ("终端不接受中心的数据", "The kiosk refuses data from the hub"),
        ("部分：{part}。它继续用旧的。", "Part: {part}. It goes on with what it had."),
        ("终端的软件版本和中心一样吗？", "Is the kiosk's software of the hub's release?"),
    ),
    "prefixes-low": _words(
        ("备用编号前缀快用完", "Spare code prefixes run out"),
        (
            "还剩 {n} 个。换卡以后它将只能用预印标签。",
            "{n} are left. After its next new memory card it can only use labels printed ahead.",
        ),
        ("最近换过存储卡吗？", "Was its memory card exchanged lately?"),
    ),
    "restarting": _words(
        ("终端反复重启", "The kiosk keeps restarting"),
        (
            "一小时内启动了 {n} 次：供电不稳，或存储卡快坏了。",
            "{n} starts within an hour: unsteady power, or a memory card that is dying.",
        ),
        ("插头松吗？有人在拔插吗？", "Is the plug loose, or does somebody pull it?"),
    ),
    "kiosk-certificate": _words(
        ("终端的证书快到期", "The kiosk's certificate ends soon"),
        ("还有 {n} 天。到期后它将连不上。", "{n} days are left. After that it cannot connect."),
        ("这台终端最近联过网吗？", "Has this kiosk been online lately?"),
    ),
    "configuration-drift": _words(
        ("终端没有用新的配置", "The kiosk does not use its new configuration"),
        (
            "配置已经下发，但终端还在用旧的。",
            "It was sent, but the kiosk still uses the older one.",
        ),
        ("终端重启过吗？", "Was the kiosk restarted?"),
    ),
    "configuration-reverted": _words(
        ("终端退回了旧配置", "The kiosk went back to its older configuration"),
        ("用新配置后它不正常，已自己退回。", "With the new one it was not well, and it went back."),
        ("改配置时换过设备吗？", "Was a device exchanged when the configuration changed?"),
    ),
    "broker-away": _words(
        ("中心的消息服务断了", "The hub's message broker is away"),
        (
            "Mosquitto 停了或正在重启。各终端会保留记录，不会丢失。",
            "Mosquitto has stopped or is restarting. Kiosks keep their records; nothing is lost.",
        ),
        ("中心的机器刚更新或重启过吗？", "Was the hub's machine just updated or restarted?"),
    ),
    "hub-cannot-write": _words(
        ("中心无法保存", "The hub cannot save"),
        ("磁盘满了或数据库出错。", "Its disk is full, or the database fails."),
        ("中心的磁盘还有空间吗？", "Is there room on the hub's disk?"),
    ),
    "projector-behind": _words(
        ("中心的数字没有更新", "The hub's figures are not up to date"),
        ("收到的记录已保存，但没有计算。", "What came in is saved, but not yet counted."),
        ("计算进程在运行吗？", "Does the projector run?"),
    ),
    "backup-late": _words(
        ("备份太旧", "The last backup is too old"),
        (
            "备份盘没有接上、满了，或没有设置备份。",
            "The backup disk is not connected or is full, or no backups are set up.",
        ),
        ("备份盘接着吗？", "Is the backup disk connected?"),
    ),
    "backup-failed": _words(
        ("上次备份失败", "The last backup failed"),
        ("备份盘没有接上或满了。", "The backup disk is not connected, or it is full."),
        ("备份盘接着吗？", "Is the backup disk connected?"),
    ),
    "hub-disk-low": _words(
        ("中心磁盘快满了", "The hub's disk is nearly full"),
        ("只剩 {n} MB。", "{n} MB are left."),
        ("中心的机器上还存着别的东西吗？", "Is anything else kept on the hub's machine?"),
    ),
    "hub-certificate": _words(
        ("中心的证书快到期", "The hub's certificate ends soon"),
        (
            "还有 {n} 天。到期后终端和浏览器都连不上。",
            "{n} days are left. After that neither kiosks nor browsers can connect.",
        ),
        ("上次是谁换的证书？", "Who renewed the certificate last time?"),
    ),
    "broker-certificate": _words(
        ("消息代理的证书快到期", "The broker's certificate ends soon"),
        (
            "还有 {n} 天，到期后终端都连不上。每天的自动更换没有成功，或者证书是自己的。",
            "{n} days are left, then no kiosk can connect. Its renewal fails, or it is your own.",
        ),
        ("中心的机器这几天一直开着吗？", "Has the hub's machine been on these last days?"),
    ),
    "channel-failing": _words(
        ("告警消息发不出去", "Alarm messages cannot be sent"),
        (
            "渠道“{channel}”：机器人被移除、密钥变了，或中心不能上网。",
            "Channel “{channel}”: the bot was removed, its key changed, or the hub is offline.",
        ),
        ("群里的机器人还在吗？", "Is the bot still in the group?"),
    ),
    "incident-help-wanted": _words(
        ("有人按了求助", "Somebody asked for help"),
        ("有人在终端按了求助键。", "Somebody pressed the help button at the kiosk."),
        ("需要帮什么忙？", "What is it that you need?"),
    ),
    "incident-fork": _words(
        ("一台终端有两套记录", "Two stories from one kiosk"),
        (
            "存储卡多半被复制了，两张都在用。",
            "Its memory card was probably copied, and both are in use.",
        ),
        ("最近有人复制或更换过存储卡吗？", "Was the memory card copied or exchanged?"),
    ),
    "incident-journal-lost": _words(
        ("终端丢了日志", "A kiosk lost its journal"),
        (
            "存储卡被换或坏了。没送达的记录没有了。",
            "Its memory card was exchanged or broke. What it had not sent is gone.",
        ),
        ("旧的存储卡还在吗？", "Is the old memory card still there?"),
    ),
    "incident-journal-damaged": _words(
        ("终端的日志损坏", "A kiosk's journal is damaged"),
        ("存储卡快坏了，或断电时写坏了。", "Its memory card is dying, or a power cut damaged it."),
        ("站点停过电吗？", "Was there a power cut at the stop?"),
    ),
    "incident-hole": _words(
        ("记录有缺失", "Events are missing"),
        (
            "终端里已没有中心从未收到的记录。",
            "The kiosk no longer has events that the hub never received.",
        ),
        ("最近换过存储卡吗？", "Was its memory card exchanged lately?"),
    ),
    "incident-chain-break": _words(
        ("记录对不上", "Records do not fit together"),
        ("传来的记录和之前的不相连。", "What came does not continue what was there before."),
        ("最近换过存储卡吗？", "Was its memory card exchanged lately?"),
    ),
    "incident-journal-behind": _words(
        ("终端回到了过去", "A kiosk went back in time"),
        ("存储卡被恢复成了旧的备份。", "Its memory card was restored from an older copy."),
        ("有人恢复过存储卡吗？", "Did somebody restore its memory card?"),
    ),
    "incident-unknown-kiosk": _words(
        ("不认识的终端", "An unknown kiosk"),
        ("有一台没有登记的终端在发送记录。", "A kiosk that nobody registered sends records."),
        ("今天有人装新的终端吗？", "Is somebody setting up a new kiosk today?"),
    ),
    "incident-enrolment-replayed": _words(
        ("一张邀请码被用了两次", "An invitation was used twice"),
        (
            "另一台机器拿着同一个码来登记，被拒绝了：有人抄了这个码。",
            "Another machine came with the same code and was refused: somebody has copied it.",
        ),
        ("小票上的六位数字是多少？", "Which six digits stand on the ticket?"),
    ),
    "incident-revoked-heard": _words(
        ("已吊销的终端还连着", "A revoked kiosk is still connected"),
        (
            "代理没有重新读取账户。它说的都不算数。",
            "The broker has not read its accounts again. Nothing it says counts.",
        ),
        (
            "能在中心的机器上重启 mosquitto 吗？",
            "Can you restart mosquitto on the hub’s machine?",
        ),
    ),
    "incident-review-waits": _words(
        ("有记录等着审核", "Events wait for review"),
        (
            "已吊销的终端或存储卡带来了记录，没有人决定之前不计数。",
            "They came from a revoked kiosk or a card. Until somebody decides, none counts.",
        ),
        ("能打开“审核”页看一看吗？", "Can you open the page “Review” and look?"),
    ),
    "incident-sends-too-much": _words(
        ("终端发送过多", "A kiosk sends far too much"),
        (
            "终端的程序出错，或者有人在用它的账户。",
            "Its software is at fault, or somebody else uses its account.",
        ),
        ("终端现在亮什么颜色的灯？", "What colour is the kiosk's light?"),
    ),
    "update-failed": _words(
        ("终端没有用上新版本", "A kiosk did not take a release"),
        (
            "版本 {release} 没有用上，终端仍用原来的版本（{detail}）。",
            "It goes on with the one before, not with {release} ({detail}).",
        ),
        ("扫码枪和打印机昨晚都连着吗？", "Were its scanner and printer connected last night?"),
    ),
    "incident-roll-out-halted": _words(
        ("升级自动停止", "A roll-out halted by itself"),
        (
            "用上新版本的终端出了问题，或扫描、打印比以前差。没有更多终端会升级。",
            "Kiosks with the new release failed, or scan and print worse. No more will take it.",
        ),
        ("扫描和打印和以前有什么不同？", "How do scanning and printing differ from before?"),
    ),
    "incident-recalled-here": _words(
        ("召回的物品还在", "Recalled goods are still here"),
        (
            "货架上还有被召回的物品，可能会被发出去。",
            "Goods that were recalled are on the shelf and could go out.",
        ),
        ("能把它们从货架上拿下来吗？", "Can you take them off the shelf?"),
    ),
    "incident-left-quarantine": _words(
        ("待查的物品被发出", "Something set aside was handed out"),
        ("物品还没检查就离开了。", "It left before anybody had checked it."),
        ("有人看过它吗？", "Did anybody look at it?"),
    ),
}

SEVERITY: Final[Mapping[str, Text]] = {
    "urgent": Text("紧急", "Urgent"),
    "soon": Text("不紧急", "Not urgent"),
}
RING: Final[Mapping[str, Text]] = {
    HOST: Text("站点的联系人", "the host of the stop"),
    "operator": Text("运营人员", "the operator"),
}


def of(kind: str, values: Mapping[str, object]) -> Words:
    """The words of an alarm; those of a kind of another release say so."""
    found = WORDS.get(kind)
    if found is None:
        strange = Text(kind, kind)
        return Words(strange, Text("不认识的告警", "An alarm of another release"), Text(*_LIGHT))
    return Words(found.title, found.cause.filled(values), found.ask)


def _fill(text: str, values: Mapping[str, object]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text
