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
            Column("row", _l("Row"), lambda one: one.row, Kind.NUMBER, sort=True),
            Column("name", _l("Name"), lambda one: one.name, heading=True, sort=True),
            Column(
                "category", _l("Category"), lambda one: story.category_name(one.category), sort=True
            ),
            Column("quantity", _l("Quantity"), lambda one: one.quantity, Kind.NUMBER, sort=True),
            Column(
                "label", _l("Label"), lambda one: _("whole box") if one.box else _("each piece")
            ),
            Column("gtin", _l("Retail code"), lambda one: one.gtin, Kind.CODE, sort=True),
            Column("lot", _l("Lot"), lambda one: one.kept_lot, sort=True),
            Column("expiry", _l("Use by"), lambda one: one.kept_expiry, Kind.DATE, sort=True),
        ),
    )
