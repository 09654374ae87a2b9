"""A real kernel with real USB devices, in a virtual machine that is thrown away.

What runs here cannot run on a shared kernel: keyboards that are plugged in and grabbed, HID
reports through hidraw, a USB serial adapter and a smart card reader that vanish in the middle of
things. The guest is the distribution's own kernel with an initrd of busybox; it mounts the host's
root read-only and runs this project's drivers from there, so that no image has to be built.

`parts` fetches and unpacks the kernel, `initrd` packs the first disk, `machine` is the computer
and its plugs, `card` a smart card for its reader, `guest` and `scenes` what runs inside.
Run by hand: `python -m tests.kernel`.
"""
