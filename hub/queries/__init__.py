"""Read-only questions to the hub's tables; each function takes a connection and returns values."""
