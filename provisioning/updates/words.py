"""What the updater's machine words mean, in both languages: how far it is, and why."""

from collections.abc import Mapping
from typing import Final

from drivers.ports import Words

WORDS: Final[Mapping[str, Words]] = {
    "": Words("没有升级", "no update"),
    "unpacking": Words("正在解包", "is being unpacked"),
    "waiting": Words("等待时机", "waits for a good moment"),
    "switching": Words("正在切换", "is being switched to"),
    "trying": Words("正在试用", "is under trial"),
    "confirming": Words("试用通过，正在确认", "works, is being confirmed"),
    "returning": Words("正在退回上一版", "is being left again"),
    "confirmed": Words("已确认", "confirmed"),
    "reverted": Words("试用未通过，已退回", "tried and left again"),
    "refused": Words("未采用", "not used"),
}
REASONS: Final[Mapping[str, Words]] = {
    "kiosk-silent": Words("终端没有应答", "the kiosk does not answer"),
    "not-the-hour": Words("还没到升级的钟点", "it is not the hour for updates"),
    "read-only": Words(
        "新版本带来新的服务或账户，而系统分区是只读的；请用 mount -o remount,rw / 打开后再试",
        "it brings units or accounts, and the system is mounted read-only: mount -o remount,rw /",
    ),
    "refusing": Words("终端存不下任何东西", "the kiosk can save nothing"),
    "in-use": Words("有人在用", "somebody is using it"),
    "not-asked": Words("正在问终端", "the kiosk is being asked"),
    "not-acknowledged": Words(
        "测试事件没有得到中心确认", "the hub has not acknowledged the test event"
    ),
    "backlog": Words("还有没送到中心的事件", "there are events that the hub lacks"),
    "scanner-missing": Words("有扫码枪不工作了", "a scanner does not work any more"),
    "printer-missing": Words("有打印机不工作了", "a printer does not work any more"),
    "crashes": Words("终端程序一再退出", "the kiosk's process ends again and again"),
    "start-loop": Words("机器一再重启", "the machine starts again and again"),
    "cannot-switch": Words("切换不了", "it could not be switched to"),
    "hub-here": Words(
        "本机也是中心，由人升级：sudo yicang update install 文件",
        "this machine is a hub, too, and updated by a person: sudo yicang update install FILE",
    ),
    "hub-silent": Words("中心没有应答", "the hub does not answer"),
    "hub-unwell": Words("中心有部件不正常", "not every part of the hub is well"),
    "cut-off": Words("升级被打断了", "it was cut off"),
    "rehearsal": Words("数据库的副本升不上来", "a copy of the database cannot be brought along"),
    "disk": Words("磁盘写不进去", "the disk refuses"),
    "source": Words(
        "原来的发布包文件不在了，或在服务看不到的 /root、/home、/tmp 里；请再安装一次",
        "its file is gone, or where services see nothing (/root, /home, /tmp): install it again",
    ),
    "damaged": Words("发布包已损坏", "the bundle is damaged"),
    "unsigned": Words("发布包没有签名", "the bundle is not signed"),
    "signature": Words("签名不符", "the signature does not fit"),
    "foreign-key": Words("签名的密钥不受信任", "signed by a key that is not trusted here"),
    "target": Words("不是给这种机器的", "made for another kind of machine"),
    "older": Words("比正在使用的旧", "older than what is in use"),
    "install": Words("装不起来", "cannot be installed"),
    "other-release": Words("文件名与内容不符", "the file is another release than its name says"),
    "manifest": Words("清单无法读取", "its manifest cannot be read"),
    "format": Words("格式不认识", "a format of a later release"),
}
