"""``yicang provision cards``: the PDF of everything that people scan, to print, cut and laminate.

Without options it holds the poster and a stop's whole deck. Cards for people, tokens and labels
are made when they are asked for, and then alone: each run draws new codes.

A PDF with bearer tokens is the only place where they stand in plain text. It is written with mode
0600, never over another file, and the command says that it is to be deleted once it is printed.
"""

import datetime
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from contract.actions import MAX_CAMPAIGN, PRICES
from contract.codes import SERIALS_PER_PREFIX, Kind
from contract.reference import CAPABILITIES, Campaign, KnownPlace, NamedCategory, Skill
from provisioning import tokens
from provisioning.deck import (
    BUILT_IN,
    MONTHS,
    Card,
    Catalogue,
    Group,
    campaign_card,
    catalogue,
    deck,
    months_from,
)
from provisioning.ink import Ink
from provisioning.lights_card import draw_lights
from provisioning.poster import draw_poster
from provisioning.sheets import (
    SMALL_LABELS,
    WIDE_LABELS,
    Format,
    Grid,
    Label,
    Language,
    draw_cards,
    draw_labels,
)

POSTER: Final = "poster"
LIGHTS: Final = "lights"
USUAL: Final = (POSTER, *(group.value for group in Group if group is not Group.PERSON))
"""What is made without options."""
CHOICES: Final = (*USUAL, LIGHTS)

MOST: Final = 5_000
"""Most cards or labels of one kind in one run; a PDF of them stays below 30 MB."""

_TITLE: Final = "义仓站卡片和标签 · Yicang Stop cards and labels"
_PRIVATE: Final = 0o600


class Order(msgspec.Struct, frozen=True):
    """What goes into one PDF, in this order."""

    poster: bool
    cards: tuple[Card, ...]
    labels: tuple[tuple[Grid, tuple[Label, ...]], ...] = ()
    lights: bool = False

    @property
    def count(self) -> int:
        """How many cards and labels."""
        return len(self.cards) + sum(len(labels) for _, labels in self.labels)


def pdf_of(order: Order, layout: Format, language: Language) -> bytes:
    """The PDF."""
    ink = Ink(_TITLE)
    if order.poster:
        draw_poster(ink, language)
    if order.lights:
        draw_lights(ink, language)
    draw_cards(ink, order.cards, layout, language)
    for grid, labels in order.labels:
        draw_labels(ink, labels, grid, layout, language)
    return ink.output()


# --- what is typed -----------------------------------------------------------------------------


def _bad(option: str, zh: str, en: str) -> click.UsageError:
    return click.UsageError(f"--{option}: {zh} / {en}")


def _only(_context: click.Context, _option: click.Parameter, text: str) -> tuple[str, ...]:
    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    for one in chosen:
        if one not in CHOICES:
            listed = ", ".join(CHOICES)
            raise _bad("only", f"没有 {one} 这一组，可选：{listed}", f"{one} is none of: {listed}")
    return chosen


def _prices(_context: click.Context, _option: click.Parameter, text: str) -> tuple[int, ...]:
    """Prices in jiao."""
    found = []
    for part in (part.strip() for part in text.split(",")):
        if not part:
            continue
        if not re.fullmatch(r"[0-9]+(\.[0-9])?", part):
            raise _bad("prices", f"{part} 不是价格，例如 5,10,12.5", f"{part} is no price in yuan")
        whole, _, tenths = part.partition(".")
        jiao = int(whole) * 10 + int(tenths or 0)
        if jiao not in PRICES:
            raise _bad(
                "prices",
                f"{part} 元没有标签：0.5 到 50 元按半元，50 到 500 元按整元",
                f"there is no label for {part} yuan: half yuan from 0.5 to 50, yuan to 500",
            )
        found.append(jiao)
    return tuple(found)


def _campaigns(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> tuple[Card, ...]:
    cards = []
    for text in texts:
        match = re.fullmatch(r"\s*([0-9]{1,2})\s*=\s*([^/]+?)\s*/\s*(.+?)\s*", text)
        if match is None or not 1 <= int(match[1]) <= MAX_CAMPAIGN:
            raise _bad(
                "campaign",
                f"“{text}” 应像 “1=一勺米/A spoon of rice”，号码 1 到 {MAX_CAMPAIGN}",
                f"“{text}” should look like “1=一勺米/A spoon of rice”, with 1 to {MAX_CAMPAIGN}",
            )
        cards.append(campaign_card(int(match[1]), match[2], match[3]))
    return tuple(cards)


def _months(first: str | None, count: int) -> tuple[str, ...]:
    if first is None:
        first = datetime.date.today().strftime("%Y-%m")  # noqa: DTZ011 - the month here, on a card
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}", first):
            raise ValueError(first)
        return months_from(first, count)
    except ValueError:
        raise _bad(
            "expiry-from",
            f"{first} 起 {count} 个月：应为 2024-01 到 2039-12 之间的月份，如 2026-12",
            f"{count} months from {first}: cards name months from 2024-01 to 2039-12",
        ) from None


# --- what the hub is asked ---------------------------------------------------------------------


def _ask(data: Path, operation: Any, result: Any) -> Any:
    """`hub.command_line.do`; imported here, since cards without ``--data`` need no hub."""
    from hub.command_line import do

    return do(data, operation, result)


def _named(data: Path) -> Catalogue:
    """The names that the hub in ``data`` uses."""
    from hub.operations import ListEntries

    return catalogue(
        _ask(data, ListEntries("categories"), list[NamedCategory]),
        _ask(data, ListEntries("places"), list[KnownPlace]),
        _ask(data, ListEntries("skills"), list[Skill]),
        _ask(data, ListEntries("campaigns"), list[Campaign]),
    )


def _ready_made(data: Path | None, items: int, boxes: int) -> list[tuple[Label, ...]]:
    """Labels printed ahead, under a prefix that the hub gives to this run alone."""
    if not items and not boxes:
        return []
    if data is None:
        raise click.UsageError(
            "--items、--boxes 需要 --data：预印标签的前缀由中心分配"
            " / need --data: the hub draws the prefix of labels printed ahead"
        )
    from hub.operations import DrawLabelPrefix

    prefix = _ask(data, DrawLabelPrefix(), str)
    # From a serial by chance: a hub that was restored from an old backup may draw a prefix again.
    start = secrets.randbelow(SERIALS_PER_PREFIX - max(items, boxes))
    made = [
        tokens.ready_made_labels(kind, prefix, start, count)
        for kind, count in ((Kind.ITEM, items), (Kind.BOX, boxes))
    ]
    return [labels for labels in made if labels]


# --- the command -------------------------------------------------------------------------------

_Command = Callable[..., None]


def _number(name: str, help_text: str) -> Callable[[_Command], _Command]:
    return click.option(
        f"--{name}", type=click.IntRange(0, MOST), default=0, metavar="N", help=help_text
    )


@click.command("cards")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    default=Path("cards.pdf"),
    show_default=True,
    help="PDF 文件 / the PDF to write",
)
@click.option(
    "--format",
    "layout",
    type=click.Choice([one.value for one in Format]),
    default=Format.A4.value,
    show_default=True,
    help="a4：大卡，每张 A4 八张；card：银行卡大小，一页一张（卡片打印机）；"
    "a4-cards：银行卡大小，每张 A4 十张"
    " / a4: large cards, eight a sheet; card: bank-card size, one a page, for card printers;"
    " a4-cards: bank-card size, ten a sheet",
)
@click.option(
    "--language",
    type=click.Choice([one.value for one in Language]),
    default=Language.BOTH.value,
    show_default=True,
    help="卡上的文字 / the words on the cards",
)
@click.option(
    "--only",
    callback=_only,
    default="",
    metavar="A,B,…",
    help=f"只要这些组 / only these: {', '.join(CHOICES)}",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="中心的数据目录：用它的位置、品类、技能和活动的名称"
    " / a hub's data directory: its places, categories, skills and campaigns by their names",
)
@click.option(
    "--expiry-from", metavar="YYYY-MM", help="从哪个月起，默认本月 / first month, default this one"
)
@click.option(
    "--months",
    type=click.IntRange(1, 192),
    default=MONTHS,
    show_default=True,
    help="几个月 / how many expiry cards",
)
@click.option(
    "--campaign",
    "campaigns",
    callback=_campaigns,
    multiple=True,
    metavar="N=ZH/EN",
    help="活动卡，可多次 / a campaign's card, may be repeated: “1=一勺米/A spoon of rice”",
)
@click.option(
    "--prices",
    callback=_prices,
    default="",
    metavar="5,10,12.5",
    help="这些价格的不干胶标签，每种一整版（24 张）/ price labels in yuan, a sheet of 24 of each",
)
@_number("persons", "N 张新的匿名卡 / N new cards without a name")
@_number("personal", "N 张新的个人卡，有写姓名的地方 / N new cards with a line for the name")
@click.option(
    "--can",
    multiple=True,
    type=click.Choice(CAPABILITIES),
    help="个人卡可以做什么，可多次 / what the personal cards may do, may be repeated",
)
@click.option(
    "--hashes",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="卡的散列写到哪个 CSV，默认在 PDF 旁边；给 yicang hub capability import"
    " / the CSV of the cards' hashes for “yicang hub capability import”; default: beside the PDF",
)
@_number("families", "N 个一次性送达码 / N one-time tokens for deliveries")
@_number("items", "N 个预印物品标签（需要 --data）/ N item labels ahead (needs --data)")
@_number("boxes", "N 个预印箱子标签（需要 --data）/ N box labels ahead (needs --data)")
def cards_command(
    out: Path,
    layout: str,
    language: str,
    only: tuple[str, ...],
    data: Path | None,
    expiry_from: str | None,
    months: int,
    campaigns: tuple[Card, ...],
    prices: tuple[int, ...],
    persons: int,
    personal: int,
    can: tuple[str, ...],
    hashes: Path | None,
    families: int,
    items: int,
    boxes: int,
) -> None:
    """生成卡片、标签和海报的 PDF / Write the PDF of cards, labels and the poster.

    \b
    不加选项：海报和全套卡片。要人员卡、送达码或标签时，只生成要的那些；加 --only 再带上卡片。
    Without options: the poster and the whole deck. Persons' cards, tokens and labels come alone
    when they are asked for; --only adds cards to them.
    """
    people = persons + personal
    asked = bool(people or families or items or boxes or prices)
    if can and not personal:
        raise _bad("can", "只用于 --personal", "is for --personal only")
    if hashes is not None and not people:
        raise _bad("hashes", "只用于 --persons、--personal", "is for --persons and --personal only")
    secret = bool(people or families)
    register = (hashes or out.with_name(f"{out.stem}-hashes.csv")) if people else None
    if secret:
        _require_new(out, *([register] if register is not None else []))

    chosen = only or (() if asked else USUAL)
    style = Format(layout)
    cards: tuple[Card, ...] = ()
    if set(chosen) - {POSTER, LIGHTS}:
        known = _named(data) if data is not None else BUILT_IN
        whole = deck(known, _months(expiry_from, months))
        cards = tuple(card for card in _with(campaigns, whole) if card.group.value in chosen)
        if "campaign" in only and all(card.group is not Group.CAMPAIGN for card in cards):
            raise _bad(
                "only",
                "没有活动：用 --campaign 1=一勺米/A spoon of rice，或 --data",
                "there is no campaign: name one with --campaign, or give --data",
            )
    made = (
        *tokens.person_cards(persons, secrets.token_bytes, named=False),
        *tokens.person_cards(personal, secrets.token_bytes, named=True),
    )
    labels = [
        (SMALL_LABELS, labels)
        for labels in (
            *(tokens.price_labels(price, SMALL_LABELS.fields) for price in prices),
            *_ready_made(data, items, boxes),
        )
    ]
    if families:
        labels.append((WIDE_LABELS, tokens.family_labels(families, secrets.token_bytes)))
    poster = POSTER in chosen and (style is Format.A4 or POSTER in only)
    order = Order(poster, (*cards, *made), tuple(labels), LIGHTS in chosen)

    content = pdf_of(order, style, Language(language))
    if register is not None:  # first: tokens without their hashes would be of less use
        _write(register, tokens.hashes_csv(made, can).encode(), private=True)
    _write(out, content, private=secret)
    _report(out, register, order, secret=secret)


def _with(campaigns: tuple[Card, ...], cards: tuple[Card, ...]) -> tuple[Card, ...]:
    """The deck with campaigns that were named here, which come before what the hub says of them."""
    if not campaigns:
        return cards
    codes = {card.code for card in campaigns}
    kept = tuple(card for card in cards if card.code not in codes)
    at = next((n for n, card in enumerate(kept) if card.group is Group.PLACE), len(kept))
    return (*kept[:at], *campaigns, *kept[at:])


def _require_new(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise click.UsageError(
                f"{path} 已存在；含卡号的文件不覆盖，请换一个 --out"
                f" / {path} is there already: tokens are never written over it, name another --out"
            )


def _write(path: Path, content: bytes, *, private: bool) -> None:
    try:
        if private:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(path, flags, _PRIVATE), "wb") as file:
                file.write(content)
        else:
            path.write_bytes(content)
    except OSError as error:
        raise click.ClickException(
            f"无法写入 {path}：{error.strerror} / cannot write {path}: {error.strerror}"
        ) from error


def _report(out: Path, register: Path | None, order: Order, *, secret: bool) -> None:
    poster = "海报和 / poster and " if order.poster else ""
    poster += "看灯做事 / what the lights mean, " if order.lights else ""
    click.echo(f"{poster}{order.count} 张卡片和标签 / cards and labels: {out}")
    if secret:
        click.echo(
            f"{out} 里有新的卡号，拿到的人就能用：只有本用户可读（0600），打印后请删除。"
            "别处都没有保存。"
        )
        click.echo(
            f"{out} holds new tokens, and whoever has one can use it: only you can read the file"
            " (0600). Delete it once it is printed. They are kept nowhere else."
        )
    if register is not None:
        click.echo(f"散列 / hashes: {register}")
        click.echo(f"    yicang hub capability import {register} --data DIR")
