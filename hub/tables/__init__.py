"""The hub's tables; see `hub.db`."""
