"""Templates: what a stop's labels and receipts look like, seen dot for dot while one decides."""

from hub.web.papers.editor import EVERY_KEY as EVERY_KEY
from hub.web.papers.pages import blueprint as blueprint
