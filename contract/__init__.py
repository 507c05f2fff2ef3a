"""The language that kiosks and hub both speak. Pure: no I/O, no clock, no randomness."""
