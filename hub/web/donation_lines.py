"""What a list of donations says, as a table of its own: to be taken away as a file."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from hub.stock.donation_rows import Row
from hub.stock.donations import Donation
from hub.web import story
from hub.web.listing import Column, Kind, Listing, MemorySource


def lines(donation: Donation) -> Listing[Row]:
    """The rows of ``donation``, in the order of its file."""
    return Listing[Row](
        name="donation-lines",
        title=_l("What the list says"),
        order="row",
        empty=_l("The list is empty."),
        source=MemorySource(rows=lambda _here: donation.rows),
        columns=(
            Column(
                key="row", title=_l("Row"), kind=Kind.NUMBER, value=lambda one: one.row, sort=True
            ),
            Column(
                key="name", title=_l("Name"), value=lambda one: one.name, heading=True, sort=True
            ),
            Column(
                key="category",
                title=_l("Category"),
                value=lambda one: story.category_name(one.category),
                sort=True,
            ),
            Column(
                key="quantity",
                title=_l("Quantity"),
                kind=Kind.NUMBER,
                value=lambda one: one.quantity,
                sort=True,
            ),
            Column(
                key="label",
                title=_l("Label"),
                value=lambda one: _("whole box") if one.box else _("each piece"),
            ),
            Column(
                key="gtin",
                title=_l("Retail code"),
                kind=Kind.CODE,
                value=lambda one: one.gtin,
                sort=True,
            ),
            Column(key="lot", title=_l("Lot"), value=lambda one: one.lot, sort=True),
            Column(
                key="expiry",
                title=_l("Use by"),
                kind=Kind.DATE,
                value=lambda one: one.expiry,
                sort=True,
            ),
        ),
    )
