"""The hub's pages."""

from hub.web.app import create_app

__all__ = ["create_app"]
