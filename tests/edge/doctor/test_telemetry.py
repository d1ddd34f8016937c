from __future__ import annotations

import pytest

from edge.doctor.finding import Level
from edge.doctor.telemetry import check_telemetry
from engines.telemetry import SWITCHES


def test_it_is_off_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SWITCHES.items():
        monkeypatch.setenv(name, value)
    (finding,) = check_telemetry()
    assert finding.level is Level.OK
    assert "off" in finding.text


def test_a_changed_environment_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(next(iter(SWITCHES)))
    (finding,) = check_telemetry()
    assert finding.level is Level.ERROR
    assert next(iter(SWITCHES)) in finding.cure
