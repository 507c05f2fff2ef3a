"""Stocktakes: planned, counted by many at once, compared, approved."""
