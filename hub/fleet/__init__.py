"""The kiosks as devices: how they come, how they are kept, how they go."""
