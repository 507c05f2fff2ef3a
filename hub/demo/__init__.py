"""A year of a city that never was: what fills a hub for trying it out, showing it, measuring it."""
