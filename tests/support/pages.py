"""Every page of the hub with an address of the scene; the public ones first."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from tests.support.hub_scene import CLAIM, KIOSK, NEVER_CLAIMED, Scene

Address: TypeAlias = Callable[[Scene], str]

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
    "login": lambda scene: "/login",
}

OPERATOR: Final[Mapping[str, Address]] = {
    "board": lambda scene: "/board",
    "incidents": lambda scene: "/incidents",
    "incidents-closed": lambda scene: "/incidents?closed=1",
    "quarantine": lambda scene: "/quarantine",
    "codes": lambda scene: "/codes",
    "kiosk": lambda scene: f"/kiosks/{KIOSK}",
    "item-operator": lambda scene: f"/items/{scene.fresh}",
}
