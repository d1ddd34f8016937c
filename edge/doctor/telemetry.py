"""Telemetry: nothing leaves the machine unasked."""

from __future__ import annotations

from collections.abc import Iterator

from edge.doctor.finding import Finding, Level
from engines.telemetry import SWITCHES, is_off

NAME = "telemetry"


def check_telemetry() -> Iterator[Finding]:
    """Whether the libraries' own telemetry is switched off in this process."""
    named = ", ".join(f"{name}={value}" for name, value in SWITCHES.items())
    if is_off():
        yield Finding(NAME, Level.OK, f"off: no library sends anything ({named})")
    else:
        yield Finding(NAME, Level.ERROR, "something changed the environment: onnxruntime may send usage data", f"set {named}")
