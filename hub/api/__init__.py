"""The hub's API: JSON for machines, with bearer tokens."""
