"""What the hub has a kiosk do besides printing labels: see `kiosk.tasks.desk`."""
