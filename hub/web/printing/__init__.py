"""Printing labels at a kiosk: the forms, how far it is, ending it."""

from hub.web.printing.pages import blueprint as blueprint
