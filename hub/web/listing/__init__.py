"""Tables that people look through: one description gives page, filters, paging and exports.

A page describes its table once (`Listing`): the columns with their values, links and kinds, the
filters, and where the rows come from (`SqlSource`, or `MemorySource` for a few rows that Python
has made). `respond` does the rest from the request's query string alone, so that an address can be
kept, sent to somebody and opened again:

* ``sort=expiry`` or ``sort=-expiry``; the titles of the columns are these links;
* one parameter for each filter (two, ``…_from`` and ``…_to``, for days); what cannot be read is
  taken for not being there;
* ``after=…`` and ``before=…`` page by the sorted values of a row, never by an offset, so that the
  millionth row costs what the first does and rows that come in meanwhile shift nothing;
* ``format=csv`` and ``format=xlsx`` send every row that the filters leave, not only this page, row
  by row, and note the export in the audit log.
"""

from hub.web.listing.columns import Column as Column
from hub.web.listing.columns import Kind as Kind
from hub.web.listing.columns import Link as Link
from hub.web.listing.filters import Choice as Choice
from hub.web.listing.filters import Days as Days
from hub.web.listing.filters import Numbers as Numbers
from hub.web.listing.filters import Text as Text
from hub.web.listing.filters import stops as stops
from hub.web.listing.listing import Listing as Listing
from hub.web.listing.memory import MemorySource as MemorySource
from hub.web.listing.respond import FORMS as FORMS
from hub.web.listing.respond import respond as respond
from hub.web.listing.respond import view as view
from hub.web.listing.sql import SqlSource as SqlSource
from hub.web.listing.sql import as_found as as_found
