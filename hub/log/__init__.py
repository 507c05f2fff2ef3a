"""The event log: what is appended, in which order, by the one writer."""
