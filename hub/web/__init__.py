"""The hub's pages; `hub.web.app` puts them together."""
