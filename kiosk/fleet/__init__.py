"""Many kiosks in one process, to try a hub with: everything of a kiosk but its devices."""
