"""Every page of the hub with an address of the scene: what pictures, axe and the guards visit.

A test walks the application's routes and fails for a page that has no entry here. Names are those
of the pictures. One route may have several entries, for states that look different.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from contract import codes
from tests.support.hub_scene import ADMINISTRATOR as ADMINISTRATOR_NAME
from tests.support.hub_scene import CLAIM, KIOSK, NEVER_CLAIMED, Scene
from tests.support.hub_site import USER
from tests.support.releases import HERE, NEW, OLD
from tests.support.stock_goods import KIT, RECALL

Address: TypeAlias = Callable[[Scene], str]
TARGET: Final = f"{HERE.python}-{HERE.machine}"

PUBLIC: Final[Mapping[str, Address]] = {
    "home": lambda scene: "/",
    "item-free": lambda scene: f"/t/{scene.free}",
    "item-unlabelled": lambda scene: f"/t/{scene.unlabelled}",
    "item-moved": lambda scene: f"/t/{scene.moved}",
    "item-out": lambda scene: f"/t/{scene.out}",
    "item-delivered": lambda scene: f"/t/{scene.fresh}",
    "item-delivered-coarse": lambda scene: f"/t/{scene.long_gone[0]}",
    "item-voided": lambda scene: f"/t/{scene.voided}",
    "item-uncertain": lambda scene: f"/t/{scene.uncertain}",
    "item-unknown": lambda scene: f"/t/{scene.stranger}",
    "item-never": lambda scene: f"/t/{scene.never}",
    "item-mistyped": lambda scene: (
        f"/t/{scene.free[:-1] + ('0' if scene.free[-1] != '0' else '1')}"
    ),
    "claim": lambda scene: f"/c/{CLAIM}",
    "claim-unseen": lambda scene: f"/c/{NEVER_CLAIMED}",
    "keys": lambda scene: "/keys",
    "missing": lambda scene: "/no-such-page",
    "wall-gone": lambda scene: "/wall/at/never-made",
    "login": lambda scene: "/login",
}

OPERATOR: Final[Mapping[str, Address]] = {
    "board": lambda scene: "/board",
    "incidents": lambda scene: "/incidents",
    "incidents-closed": lambda scene: "/incidents?closed=1",
    "incidents-table": lambda scene: "/incidents/table",
    "incident": lambda scene: f"/incidents/one?key=unknown-item:{scene.stranger}",
    "names": lambda scene: "/names/",
    "names-products": lambda scene: "/names/products",
    "names-product": lambda scene: "/names/products/entry?key=06901234567892&new=1",
    "names-plan": lambda scene: "/names/plans/entry",
    "quarantine": lambda scene: "/quarantine",
    "codes": lambda scene: "/codes",
    "kiosks": lambda scene: "/kiosks",
    "kiosks-by-stop": lambda scene: "/kiosks?view=stops",
    "kiosk-history": lambda scene: f"/kiosks/history?kiosk={KIOSK}",
    "kiosk": lambda scene: f"/kiosks/{KIOSK}",
    "item-operator": lambda scene: f"/items/{scene.fresh}",
    "items": lambda scene: "/stock/items",
    "items-filtered": lambda scene: "/stock/items?stop=east&status=delivered&sort=-received",
    "items-none": lambda scene: "/stock/items?lot=no-such-lot",
    "events": lambda scene: "/events",
    "events-of-item": lambda scene: f"/events?subject={scene.free}",
    "search": lambda scene: "/search",
    "search-found": lambda scene: "/search?q=East",
    "search-nothing": lambda scene: "/search?q=no-such-thing",
    "account": lambda scene: "/account",
    "names-remove": lambda scene: f"/names/plans/remove?key={scene.plan}",
    "donations": lambda scene: "/donations/",
    "donation-new": lambda scene: "/donations/new",
    "donation-faulty": lambda scene: f"/donations/{scene.donations[0]}",
    "donation-in": lambda scene: f"/donations/{scene.donations[1]}",
    "donation-back": lambda scene: f"/donations/{scene.donations[1]}/take-back",
    "market": lambda scene: "/market/",
    "market-one": lambda scene: f"/market/{scene.market}",
    "sales": lambda scene: "/market/sales",
    "proceeds": lambda scene: "/market/proceeds",
    "prices": lambda scene: "/market/prices",
    "labels": lambda scene: "/labels/",
    "labels-run": lambda scene: f"/labels/{scene.label_run}",
    "labels-void": lambda scene: (
        f"/labels/void?code={codes.serial_code(codes.Kind.ITEM, scene.label_run, 7)}"
    ),
    "papers": lambda scene: "/papers/",
    "papers-stop": lambda scene: "/papers/east",
    "papers-every": lambda scene: "/papers/every_stop",
    "papers-own": lambda scene: f"/papers/{scene.dressed}",
    "months": lambda scene: "/months",
    "reports": lambda scene: "/reports",
    "reports-months": lambda scene: "/reports?span=m12&stop=east",
    "movements": lambda scene: "/reports/movements?what=received",
    "wall": lambda scene: "/wall",
    "wall-links": lambda scene: "/wall/links",
    "wall-remove": lambda scene: f"/wall/links/remove?link={scene.wall_link}",
    "backups": lambda scene: "/backups",
    "month": lambda scene: "/months/1",
    "phone": lambda scene: "/phone",
}
"""What an operator sees."""

ENDS: Final[Mapping[str, Address]] = {
    "bundles-none": lambda scene: "/bundles",
    "reviews-none": lambda scene: "/review",
    "kiosk-end": lambda scene: f"/kiosks/{KIOSK}/end",
    "kiosk-revoked": lambda scene: f"/kiosks/{scene.ends.stolen}",
    "kiosk-retired": lambda scene: f"/kiosks/{scene.ends.broken}",
    "kiosk-end-revoked": lambda scene: f"/kiosks/{scene.ends.stolen}/end",
    "bundles": lambda scene: f"/bundles?kiosk={scene.ends and ''}",
    "reviews": lambda scene: f"/review?kiosk={scene.ends and ''}",
    "review": lambda scene: f"/review/{scene.ends.stolen}",
    "review-nothing": lambda scene: f"/review/{KIOSK}",
}
"""How kiosks end, and what people carried here."""

COMING: Final[Mapping[str, Address]] = {
    "kiosk-new-without-tls": lambda scene: "/kiosks/new",
    "invitations-none": lambda scene: "/kiosks/invitations",
    "kiosk-new": lambda scene: f"/kiosks/new?stop={scene.invited and 'river'}",
    "kiosk-replace": lambda scene: f"/kiosks/new?replaces={scene.invited and 'kiosk-river'}",
    "invitations": lambda scene: f"/kiosks/invitations?stop={scene.invited and ''}",
    "invitation": lambda scene: f"/kiosks/invitations/{scene.invited.waiting}",
    "invitation-replacing": lambda scene: f"/kiosks/invitations/{scene.invited.replacing}",
    "invitation-digits": lambda scene: f"/kiosks/invitations/{scene.invited.enrolled}",
    "invitation-connected": lambda scene: f"/kiosks/invitations/{scene.invited.connected}",
    "invitation-works": lambda scene: f"/kiosks/invitations/{scene.invited.works}",
    "invitation-wrong": lambda scene: f"/kiosks/invitations/{scene.invited.wrong}",
    "invitation-cancel": lambda scene: f"/kiosks/invitations/{scene.invited.waiting}/cancel",
}
"""How kiosks come."""


def _shown(path: str) -> Address:
    """A page that only shows something once the scene's goods are there."""

    def address(scene: Scene) -> str:
        assert scene.goods
        return path

    return address


STOCK: Final[Mapping[str, Address]] = {
    "stock": _shown("/stock"),
    "stock-expiry": _shown("/stock/expiry"),
    "stock-aside": _shown("/stock/aside"),
    "item-corrected": lambda scene: f"/items/{scene.goods.corrected}",
    "item-reserved": lambda scene: f"/items/{scene.goods.dated}",
    "act-correct": lambda scene: f"/stock/act/correct?item={scene.goods.corrected}",
    "act-move": lambda scene: f"/stock/act/move?item={scene.goods.dated}&item={scene.free}",
    "boxes": _shown("/boxes"),
    "box-pallet": lambda scene: f"/boxes/{scene.goods.pallet}",
    "box-kit": lambda scene: f"/boxes/{scene.goods.kit_box}",
    "box-unused": lambda scene: f"/boxes/{scene.goods.unused}",
    "transfers": _shown("/transfers"),
    "transfer": lambda scene: f"/transfers/{scene.goods.transfer}",
    "transfers-ask": _shown("/transfers/ask"),
    "plans": _shown("/plans"),
    "plan": lambda scene: f"/plans/{scene.goods.plan}",
    "plan-new": _shown("/plans/new"),
    "plan-fetch": lambda scene: f"/plans/{scene.goods.plan}/fetch",
    "plan-propose": lambda scene: f"/plans/{scene.goods.plan}/propose?category=C1&n=3",
    "recalls": _shown("/recalls"),
    "recall": _shown(f"/recalls/{RECALL}"),
    "recall-new": _shown("/recalls/new"),
    "kits": _shown("/kits"),
    "kit": _shown(f"/kits/{KIT}"),
    "kit-new": _shown("/kits/new"),
    "kit-build": _shown(f"/kits/{KIT}/build?stop=river"),
    "counts-none": lambda scene: "/counts",
    "counts": lambda scene: f"/counts?{scene.counts and ''}",
    "count-plan": lambda scene: "/counts/plan?stop=river",
    "count-plan-stop": lambda scene: "/counts/plan",
    "count-blind": lambda scene: f"/counts/{scene.counts.going}",
    "count-approved": lambda scene: f"/counts/{scene.counts.approved}",
    "count-items": lambda scene: f"/counts/{scene.counts.approved}/items",
    "count-cancel": lambda scene: f"/counts/{scene.counts.going}/cancel",
    "labels-printing": lambda scene: f"/labels/{scene.printing.run}",
    "donation-printing": lambda scene: f"/donations/{scene.printing.donation}",
    "kiosk-orders": lambda scene: f"/kiosks/{scene.printing.kiosk}",
    "kiosk-told": lambda scene: f"/kiosks/{scene.told.kiosk}",
    "kiosk-reboot": lambda scene: f"/kiosks/{scene.told.kiosk}/do/reboot",
    "configurations": lambda scene: "/configurations/" if scene.told else "",
    "configured": lambda scene: "/configurations/kiosks" if scene.told else "",
    "configuration": lambda scene: f"/configurations/{scene.told.fresh}",
    "configuration-given-up": lambda scene: f"/configurations/{scene.told.configuration}",
    "configuration-new": lambda scene: f"/configurations/new?like={scene.told.fresh}",
    "releases-none": lambda scene: "/releases",
    "roll-outs-none": lambda scene: "/roll-outs",
    "roll-out-new-none": lambda scene: "/roll-outs/new",
    "releases": lambda scene: "/releases" if scene.rolled else "",
    "release-remove": lambda scene: f"/releases/{OLD}/{TARGET}/remove" if scene.rolled else "",
    "roll-outs": lambda scene: "/roll-outs" if scene.rolled else "",
    "roll-out-new": lambda scene: f"/roll-outs/new?release={NEW}" if scene.rolled else "",
    "roll-out-planned": lambda scene: f"/roll-outs/{scene.rolled.planned}",
    "roll-out-going": lambda scene: f"/roll-outs/{scene.rolled.going}",
    "roll-out-failed": lambda scene: f"/roll-outs/{scene.rolled.failed}",
    "roll-out-drifted": lambda scene: f"/roll-outs/{scene.rolled.drifted}",
    "roll-out-done": lambda scene: f"/roll-outs/{scene.rolled.done}",
    "roll-out-kiosks": lambda scene: f"/roll-outs/{scene.rolled.going}/kiosks",
    "roll-out-halt": lambda scene: f"/roll-outs/{scene.rolled.going}/halt",
    "roll-out-resume": lambda scene: f"/roll-outs/{scene.rolled.drifted}/resume",
    "roll-out-back": lambda scene: f"/roll-outs/{scene.rolled.drifted}/back",
    "configuration-halt": lambda scene: f"/configurations/{scene.told.fresh}/halt",
}
"""The warehouse, with the scene's goods."""

ADMINISTRATOR: Final[Mapping[str, Address]] = {
    "accounts": lambda scene: "/accounts",
    "account-sessions": lambda scene: "/accounts/sessions",
    "account-new": lambda scene: "/accounts/new",
    "account-one": lambda scene: f"/accounts/{scene.administrator}",
    "audit": lambda scene: "/audit",
    "tokens": lambda scene: "/tokens",
    "token-new": lambda scene: "/tokens/new",
    "month-close": lambda scene: "/months/close",
    "passkey-remove": lambda scene: f"/account/passkeys/remove?passkey={scene.passkey}",
    "token-revoke": lambda scene: f"/tokens/{scene.token}/revoke",
    "count-going": lambda scene: f"/counts/{scene.counts.going}",
    "count-ready": lambda scene: f"/counts/{scene.counts.to_approve}",
    "count-identify": lambda scene: (
        f"/counts/{scene.counts.to_approve}/identify?find={scene.counts.bare}"
    ),
    "count-approve": lambda scene: f"/counts/{scene.counts.to_approve}/approve",
    "kiosks-many": lambda scene: "/kiosks",
}
"""What takes an administrator."""

ALARMS: Final[Mapping[str, Address]] = {
    "alarms-none": lambda scene: "/alerts",
    "channels-none": lambda scene: "/alerts/channels",
    "alarms": lambda scene: f"/alerts?{scene.alarms and ''}",
    "alarms-history": lambda scene: f"/alerts/history?{scene.alarms and ''}",
    "alarm-rules": lambda scene: "/alerts/rules",
    "alarm-rules-stop": lambda scene: "/alerts/rules?stop=east",
    "channels": lambda scene: f"/alerts/channels?stop={scene.alarms.group and 'river'}",
    "channel-remove": lambda scene: f"/alerts/channels/remove?channel={scene.alarms.group}",
    "stops": lambda scene: f"/stops?{scene.alarms and ''}",
    "stop-new": lambda scene: "/stops/new",
    "stop-names": lambda scene: "/stops/river/name",
    "stop-contact": lambda scene: f"/stops/river/contact?{scene.alarms and ''}",
}
"""What calls somebody, and how."""

PARTS: Final[Mapping[str, tuple[str, Mapping[str, Address]]]] = {
    "public": ("", PUBLIC),
    "operator": (USER, OPERATOR),
    "alarms": (USER, ALARMS),
    "stock": (USER, STOCK),
    "ends": (USER, ENDS),
    "coming": (USER, COMING),
    "administrator": (ADMINISTRATOR_NAME, ADMINISTRATOR),
}
"""All of them in parts that are looked at one after the other, with who signs in to see them; the
first signs in as nobody."""

VISITORS: Final[Mapping[str, Mapping[str, Address]]] = {
    visitor: {
        name: address
        for who, pages in PARTS.values()
        if who == visitor
        for name, address in pages.items()
    }
    for visitor in ("", USER, ADMINISTRATOR_NAME)
}
"""The same by who signs in."""

EXPECTED_REFUSALS: Final[Mapping[str, int]] = {
    "wall-gone": 404,
    "item-never": 404,
    "item-mistyped": 404,
    "claim-unseen": 404,
    "missing": 404,
}
"""Pages that answer with another status than 200, and with which."""

NOT_PAGES: Final = frozenset(
    {
        "static",
        "board.live",
        "wall.live",
        "wall.linked_live",
        "counts.live",
        "printing.live",
        "doing.file",
        "authority.authority",
        "invitations.live",
        "roll_outs.live",
        "releases.parts",
        "kiosk_releases.offer",
        "kiosk_releases.bundle",
        "invitations.sheet",
        "boxes.find",
        "health.healthz",
        "metrics.scrape",
        "keys.document",
        "phone.offline",
        "phone.session",
        "phone.worker",
        "donations.example_csv",
        "donations.example_xlsx",
        "donations.labels",
        "market.labels",
        "labels.sheets",
        "papers.picture",
        "statements.as_json",
        "statements.as_pdf",
        "statements.as_xlsx",
    }
)
"""Routes that answer with a file, a part of a page or something for machines; so does all of the
API."""
