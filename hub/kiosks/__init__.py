"""What kiosks are told: names, settings, commands; and the way to them."""
