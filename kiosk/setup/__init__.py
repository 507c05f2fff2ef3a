"""Setting up a kiosk that nobody has enrolled yet, by scans alone: no keyboard, no screen.

`flow` decides, purely, what happens; `desk` runs it with real devices; `network`, `client` and
`progress` are its edges. docs/fleet.md tells what a person does.
"""
