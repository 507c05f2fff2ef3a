"""``yicang hub place|plan|…``: what an operator tells kiosks, entry by entry or from a table.

Every group has the same verbs: ``add`` (which also replaces), ``list``, ``remove``, and ``import``
for a CSV file whose first row names the columns. Kiosks that are connected know within seconds,
the others as soon as they are.
"""

import csv
import io
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import msgspec

from contract import gtins
from contract.codes import CodeError, Kind, parse, place_code, serial_code, to_base32
from contract.events import person_hash
from contract.reference import (
    CAPABILITIES,
    PLACE_KINDS,
    Campaign,
    Capability,
    Entry,
    KnownPlace,
    NamedCategory,
    Plan,
    Product,
    Skill,
    StopSettings,
)
from hub import operations
from hub.command_line import DATA, Refused, do
from hub.kiosks.catalogue import Chosen
from hub.kiosks.reference import UnknownCode
from hub.moments import in_calendar

BATCH: Final = 500
"""Rows of a file that go to the hub at once: they stay below what its door takes in one line."""

NEW: Final = "new"
"""In place of a code: draw one."""


# --- what is typed -----------------------------------------------------------------------------


def _gtin(text: str) -> str:
    """Fourteen digits with a right check digit (GS1 General Specifications, 7.9.1)."""
    if not (text.isascii() and text.isdigit() and len(text) in (8, 12, 13, 14)):
        raise Refused(f"{text}: 应为 8、12、13 或 14 位数字 / 8, 12, 13 or 14 digits are needed")
    digits = gtins.full(text)
    if digits is None:
        raise Refused(f"{text}: 校验位不对 / the check digit is wrong")
    return digits


def _code(text: str, kind: Kind, draw: Callable[[], str]) -> str:
    """The canonical text of a code of this kind; drawn at random for ``new``."""
    if text == NEW:
        return draw()
    try:
        code = parse(text)
    except CodeError as error:
        raise Refused(f"{text}: 编号不对 / not a code of ours: {error.problem.value}") from None
    if code.kind is not kind:
        raise Refused(f"{text}: 应以 {kind.value} 开头 / should begin with {kind.value}")
    return code.text


def _place(text: str) -> str:
    return _code(text, Kind.PLACE, lambda: place_code(to_base32(secrets.randbits(30), 6)))


def _plan(text: str) -> str:
    def drawn() -> str:
        return serial_code(Kind.PLAN, to_base32(secrets.randbits(20), 4), secrets.randbits(25))

    return _code(text, Kind.PLAN, drawn)


def _person(text: str) -> str:
    """A card's hash, from the card's code or as it is: the code itself goes no further."""
    if len(text) == 64:
        return text.lower()
    return person_hash(_code(text, Kind.PERSON, lambda: text))


def _as_is(text: str) -> str:
    return text


class _Group(NamedTuple):
    """A part of the reference data at the command line. ``read`` makes a key of what is typed,
    ``column`` is what its column in a file may be called as well, ``show`` one entry on a line."""

    name: str
    part: str
    kind: type[Entry]
    about: str
    read: Callable[[str], str]
    show: Callable[[Any], str]
    column: str = ""


def _named(entry: Any) -> str:
    return f"{entry.zh} / {entry.en}"


def _closed(entry: Plan | Campaign) -> str:
    return "" if entry.open else "  已结束 / closed"


_PRODUCT: Final = _Group(
    "product",
    "products",
    Product,
    "零售条码的名称 / Names of retail codes",
    _gtin,
    lambda one: f"{one.gtin} {one.category} {_named(one)}",
)
_CATEGORY: Final = _Group(
    "category",
    "categories",
    NamedCategory,
    "品类 / Categories of goods",
    _as_is,
    lambda one: f"{one.key} {_named(one)}" + ("" if one.offered else "  不再使用 / withdrawn"),
)
_PLACE: Final = _Group(
    "place",
    "places",
    KnownPlace,
    "位置：货架、站点、队伍等 / Places: shelves, stops, teams, …",
    _place,
    lambda one: f"{one.code} {one.kind} {_named(one)}",
)
_PLAN: Final = _Group(
    "plan",
    "plans",
    Plan,
    "送货单（不含收件人） / Delivery plans; nothing about who receives",
    _plan,
    lambda one: f"{one.code} {_named(one)} ({one.items})" + _closed(one),
)
_CAPABILITY: Final = _Group(
    "capability",
    "capabilities",
    Capability,
    "卡可以做什么（只存卡的散列） / What cards may do; only the card's hash is kept",
    _person,
    lambda one: f"{one.person} {' '.join(one.can)}",
    column="card",
)
_CAMPAIGN: Final = _Group(
    "campaign",
    "campaigns",
    Campaign,
    "活动，如一勺米 / Campaigns, such as a spoon of rice",
    _as_is,
    lambda one: f"{one.number} {_named(one)} ({one.target})" + _closed(one),
)
_SKILL: Final = _Group(
    "skill",
    "skills",
    Skill,
    "可以提供的技能 / Skills that people offer",
    _as_is,
    lambda one: f"{one.key} {_named(one)}",
)


# --- the verbs that are the same everywhere ----------------------------------------------------


def _put(data: Path, group: _Group, entry: Entry) -> None:
    do(data, operations.PutEntries(group.part, [msgspec.to_builtins(entry)]), int)
    click.echo(group.show(entry))


def _entry(group: _Group, fields: dict[str, Any], where: str = "") -> Entry:
    """An entry from texts, as they were typed or stand in a file."""
    try:
        made: Entry = msgspec.convert(fields, group.kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(f"{where}{error}") from None
    return made


def _group(group: _Group) -> click.Group:
    """The group with its ``list``, ``remove`` and ``import``."""
    made = click.Group(group.name, help=group.about)

    @made.command("list", help="列出 / List them.")
    @DATA
    def list_command(data: Path) -> None:
        kind: Any = group.kind
        for entry in do(data, operations.ListEntries(group.part), list[kind]):
            click.echo(group.show(entry))

    @made.command("remove", help="删除 / Remove one.")
    @click.argument("key")
    @DATA
    def remove_command(key: str, data: Path) -> None:
        wanted: str | int = group.read(key)
        if group.kind is Campaign and key.isdigit():
            wanted = int(key)
        do(data, operations.RemoveEntry(group.part, wanted), type(None))
        click.echo(f"已删除 / removed: {key}")

    columns = ", ".join(field.name for field in msgspec.structs.fields(group.kind))

    @made.command("import", help=f"从 CSV 文件导入 / Import a CSV file with the columns {columns}.")
    @click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
    @DATA
    def import_command(file: Path, data: Path) -> None:
        rows = list(_rows(group, file))
        entries = [msgspec.to_builtins(entry) for entry in rows if _says_something(entry)]
        for start in range(0, len(entries), BATCH):
            do(data, operations.PutEntries(group.part, entries[start : start + BATCH]), int)
        click.echo(f"已导入 / imported: {len(entries)}")
        if len(entries) < len(rows):
            click.echo(
                f"跳过没有写 can 的卡 / cards whose “can” is empty, skipped: "
                f"{len(rows) - len(entries)}"
            )

    return made


def _says_something(entry: Entry) -> bool:
    """False for a card that is allowed nothing: the file that `yicang provision cards` writes has
    a line for each card, and whoever fills it in leaves most of them as they are."""
    return not isinstance(entry, Capability) or bool(entry.can)


def _rows(group: _Group, file: Path) -> Iterable[Entry]:
    """The entries of a CSV file in UTF-8 or, as spreadsheets in China write it, GB 18030. All of
    it is read and judged before anything is sent."""
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError:
            raise Refused(f"{file}: 不是文本文件 / this is not a text file") from None
    key = msgspec.structs.fields(group.kind)[0].name
    found = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        where = f"{file}:{number}: "
        fields: dict[str, Any] = {
            str(name).strip(): value.strip()
            for name, value in row.items()
            if isinstance(value, str) and value.strip()
        }
        if group.column and group.column in fields:
            fields[key] = fields.pop(group.column)
        if key not in fields:
            raise Refused(f"{where}缺少 {key} / {key} is missing")
        try:
            fields[key] = group.read(fields[key])
        except Refused as error:
            raise Refused(f"{where}{error.message}") from None
        if group.kind is Capability:
            fields["can"] = fields.get("can", "").replace(",", " ").split()
        found.append(_entry(group, fields, where))
    return found


# --- what is added -----------------------------------------------------------------------------

product: Final = _group(_PRODUCT)
category: Final = _group(_CATEGORY)
place: Final = _group(_PLACE)
plan: Final = _group(_PLAN)
capability: Final = _group(_CAPABILITY)
campaign: Final = _group(_CAMPAIGN)
skill: Final = _group(_SKILL)

CLOSED: Final = click.option("--closed", is_flag=True, help="已结束 / it is over")


@product.command("add")
@click.argument("gtin")
@click.argument("category")
@click.argument("zh")
@click.argument("en")
@DATA
def product_add_command(gtin: str, category: str, zh: str, en: str, data: Path) -> None:
    """为条码 GTIN 命名 / Name the retail code GTIN (8 to 14 digits)."""
    fields = {"gtin": _gtin(gtin), "category": category, "zh": zh, "en": en}
    _put(data, _PRODUCT, _entry(_PRODUCT, fields))


@product.command("unknown")
@DATA
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
def product_unknown_command(limit: int, data: Path) -> None:
    """待命名的条码，最多的在前 / Codes that want a name, the most frequent first.

    每行：条码、件数、最近一次、大家选的品类。
    A line each: the code, how many items, when the last one came, the category people chose.
    """
    for code in do(data, operations.ListUnknownCodes(limit), list[UnknownCode]):
        when = datetime.fromtimestamp(in_calendar(code.last_t) / 1000, UTC).strftime("%Y-%m-%d")
        click.echo(f"{code.gtin}\t{code.items}\t{when}\t{code.category or '-'}")


@category.command("add")
@click.argument("key")
@click.argument("zh")
@click.argument("en")
@DATA
def category_add_command(key: str, zh: str, en: str, data: Path) -> None:
    """新增品类或改名 / Add a category (two characters as its key), or give one another name.

    内置的品类有卡片；新增的可在屏幕上选，也可用于条码命名。
    The built-in ones have cards; others can be chosen on the screen and for retail codes.
    """
    _put(data, _CATEGORY, _entry(_CATEGORY, {"key": key.upper(), "zh": zh, "en": en}))


@place.command("add")
@click.argument("code")
@click.argument("kind", type=click.Choice(PLACE_KINDS))
@click.argument("zh")
@click.argument("en")
@DATA
def place_add_command(code: str, kind: str, zh: str, en: str, data: Path) -> None:
    """新增位置或改名 / Add a place, or give one another name; CODE “new” draws a code."""
    fields = {"code": _place(code), "kind": kind, "zh": zh, "en": en}
    _put(data, _PLACE, _entry(_PLACE, fields))


@plan.command("add")
@click.argument("code")
@click.argument("zh")
@click.argument("en")
@DATA
@click.option("--items", type=click.IntRange(0), default=0, help="预计件数 / items expected")
@CLOSED
def plan_add_command(code: str, zh: str, en: str, data: Path, items: int, closed: bool) -> None:
    """新增或修改送货单 / Add or change a plan by colour and flower; CODE “new” draws a code."""
    fields = {"code": _plan(code), "zh": zh, "en": en, "items": items, "open": not closed}
    _put(data, _PLAN, _entry(_PLAN, fields))


@capability.command("add")
@click.argument("card")
@click.argument("can", nargs=-1, required=True, type=click.Choice(CAPABILITIES))
@DATA
def capability_add_command(card: str, can: tuple[str, ...], data: Path) -> None:
    """卡 CARD（卡号或其散列）可以做什么 / What CARD (its code, or its hash) may do."""
    _put(data, _CAPABILITY, _entry(_CAPABILITY, {"person": _person(card), "can": can}))


@campaign.command("add")
@click.argument("number", type=click.IntRange(1, 99))
@click.argument("zh")
@click.argument("en")
@DATA
@click.option("--target", type=click.IntRange(0), default=0, help="目标份数 / how many gifts")
@CLOSED
def campaign_add_command(
    number: int, zh: str, en: str, data: Path, target: int, closed: bool
) -> None:
    """新增或修改活动，NUMBER 是卡上的号 / Add or change the campaign with this number."""
    fields = {"number": number, "zh": zh, "en": en, "target": target, "open": not closed}
    _put(data, _CAMPAIGN, _entry(_CAMPAIGN, fields))


@skill.command("add")
@click.argument("key")
@click.argument("zh")
@click.argument("en")
@DATA
def skill_add_command(key: str, zh: str, en: str, data: Path) -> None:
    """新增技能或改名 / Add a skill (two digits), or give one another name."""
    _put(data, _SKILL, _entry(_SKILL, {"key": key, "zh": zh, "en": en}))


# --- settings ----------------------------------------------------------------------------------


@click.group("setting")
def setting() -> None:
    """各站终端的设置 / How stops want their kiosks to behave."""


STOP: Final = click.option(
    "--stop", default="", help="站点，默认所有站 / a stop's id; without it, all stops"
)


@setting.command("add")
@click.argument("name")
@click.argument("value")
@STOP
@DATA
def setting_add_command(name: str, value: str, stop: str, data: Path) -> None:
    """设定一个值 / Choose a value, for example:

    \b
    food_margin_days 7          food_gate quarantine
    opening 08:30-18:00         opening 08:30-18:00,…（七天 / seven days）
    market off                  payments C,W
    idle_s market=3600,count=900
    language zh
    """
    do(data, operations.PutSetting(stop, name, _value(name, value)), type(None))
    click.echo(f"{name} = {value}" + (f" ({stop})" if stop else ""))


@setting.command("list")
@DATA
def setting_list_command(data: Path) -> None:
    """列出：所有站的值，再是各站自己的 / What holds for all stops, then what stops chose."""
    chosen = do(data, operations.ListSettings(), list[Chosen])
    common = {one.name: one.value for one in chosen if not one.stop}
    for name, default in msgspec.to_builtins(StopSettings()).items():
        mark = "" if name in common else "  默认 / default"
        click.echo(f"{name} = {_shown(common.get(name, default))}{mark}")
    for one in chosen:
        if one.stop:
            click.echo(f"{one.stop}: {one.name} = {_shown(one.value)}")


@setting.command("remove")
@click.argument("name")
@STOP
@DATA
def setting_remove_command(name: str, stop: str, data: Path) -> None:
    """恢复默认 / Take a chosen value back."""
    do(data, operations.RemoveSetting(stop, name), type(None))
    click.echo(f"已恢复 / taken back: {name}")


def _value(name: str, text: str) -> Any:
    """What a typed value is: by the setting's own type, so that nobody types JSON."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    match name:
        case "food_margin_days":
            return int(text) if text.isdigit() else text
        case "market":
            return {"on": True, "true": True, "off": False, "false": False}.get(text, text)
        case "payments":
            return parts
        case "opening":
            return parts * 7 if len(parts) == 1 else [part.strip() for part in text.split(",")]
        case "idle_s":
            pairs = (part.partition("=") for part in parts)
            return {mode: int(s) if s.isdigit() else s for mode, _, s in pairs}
        case _:
            return text


def _shown(value: Any) -> str:
    match value:
        case dict():
            return ",".join(f"{mode}={seconds}" for mode, seconds in value.items())
        case list() | tuple():
            return ",".join(str(part) for part in value)
        case bool():
            return "on" if value else "off"
        case _:
            return str(value)


GROUPS: Final = (product, category, place, plan, capability, campaign, skill, setting)
