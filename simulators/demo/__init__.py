"""The whole store on one machine, to look at: `edgebox demo`.

A box runs as its owner runs it, as a process of its own. A scanner on a serial port, a handheld
on MQTT, a PC till on HTTP and a cloud on a socket stand around it, and people buy things.
"""

from simulators.demo.command import demo

__all__ = ["demo"]
