"""Prepare a machine that has nothing but Python: `.venv` from the lock, Debian packages for tests.

Run by the Makefile as ``python3 -m provisioning.bootstrap up|check|bench|test|proof``. Standard
library only, since nothing else is there yet.
"""
