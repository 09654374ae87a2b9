"""Devices as their owner sees them: how they are, what they say just now, and whether they work."""

from edge.devices.room import OPERATIONS, DeviceRoom
from edge.devices.starting import start_device

__all__ = ["OPERATIONS", "DeviceRoom", "start_device"]
