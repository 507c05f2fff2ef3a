"""The kiosk's local page: what a donor sees, and where a keyboard-wedge scanner's keys go."""
