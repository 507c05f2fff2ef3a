"""Pages about kiosks as devices: added, replaced, ended, told what to do."""
