#!/bin/sh
# gpio-sim, a chip of pins that a test moves, which Debian's kernels lack: built from Debian's own
# source for the kernel of the root $1, and what builds it taken away again. A hook of mmdebstrap's.
#
# One thing differs from the kernel's tree: irq_sim.c calls irq_to_desc(), which modules may not;
# generic_handle_irq() does the same by number.
set -eu
chroot "$1" sh -eu <<'INSIDE'
export DEBIAN_FRONTEND=noninteractive
release=$(ls /lib/modules)
mkdir /root/sim
cd /root/sim
tar --extract --file /usr/src/linux-source-6.1.tar.xz --strip-components=3 \
    linux-source-6.1/drivers/gpio/gpio-sim.c linux-source-6.1/drivers/gpio/gpiolib.h \
    linux-source-6.1/kernel/irq/irq_sim.c
mv gpio-sim.c chip.c
sed -i 's/handle_simple_irq(irq_to_desc(irqnum))/generic_handle_irq(irqnum)/' irq_sim.c
printf 'obj-m := gpio-sim.o\ngpio-sim-y := chip.o irq_sim.o\n' > Kbuild
make -C "/lib/modules/$release/build" "M=$PWD" modules
mkdir "/lib/modules/$release/updates"
mv gpio-sim.ko "/lib/modules/$release/updates/"
cd /
rm -r /root/sim
apt-get purge --yes --quiet --autoremove \
    linux-headers-amd64 "linux-headers-$release" linux-source-6.1 gcc make xz-utils
depmod "$release"
INSIDE
