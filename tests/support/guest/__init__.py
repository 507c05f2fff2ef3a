"""A kiosk's machine with a kernel of its own, under QEMU: real devices, their modules and udev."""
