"""Nothing leaves the machine: what libraries would send home is switched off before they are loaded."""

from __future__ import annotations

import os

SWITCHES = {"ORT_DISABLE_TELEMETRY": "1"}
"""onnxruntime from 1.29 on sends usage data on Linux and keeps a database of it in the user's cache. It reads this variable
when it is first loaded; its own call `disable_telemetry_events` comes too late for the first event (#27379, #29843)."""


def switch_off() -> None:
    """Set SWITCHES, whatever the environment says; child processes inherit them."""
    os.environ.update(SWITCHES)


def is_off() -> bool:
    """Whether the environment has all SWITCHES as they must be."""
    return all(os.environ.get(name) == value for name, value in SWITCHES.items())
