"""Folds: from a set of events to what is so. Pure: no I/O, no clock, no randomness."""
