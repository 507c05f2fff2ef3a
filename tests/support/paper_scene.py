"""A stop with papers of its own, as somebody made them and changed them once."""

import base64
import io

from msgspec.structs import replace
from PIL import Image, ImageDraw

from contract.papers import DEFAULT, Papers, Part
from hub.access.audit import By
from hub.printing import logos, paper_changes
from tests.support.hub_site import HubSite


def _logo() -> str:
    """A house in a ring, in one colour."""
    picture = Image.new("RGB", (600, 400), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((100, 0, 500, 399), fill="#8a2f14")
    pen.polygon([(160, 200), (300, 70), (440, 200)], fill="white")
    pen.rectangle((210, 200, 390, 320), fill="white")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return base64.b64encode(logos.make(out.getvalue())).decode()


def dress(site: HubSite, stop: str, account: str) -> None:
    """Gives the stop a logo, its name and words of its own."""
    named = replace(DEFAULT, stop_zh="河边义仓站", stop_en="Riverside", logo=_logo())
    words = Part("words", "small", "不得转卖", "Not for sale")
    made = replace(
        named,
        label=replace(named.label, parts=(Part("logo", "small"), *named.label.parts, words)),
        receipt=replace(named.receipt, parts=(Part("logo"), *named.receipt.parts)),
    )
    for seen, papers in enumerate((named, made)):
        _save(site, stop, papers, seen, By(account))


def _save(site: HubSite, stop: str, papers: Papers, seen: int, by: By) -> None:
    site.writer.call(lambda here: paper_changes.put(here, stop, papers, seen, by, site.now_ms))
