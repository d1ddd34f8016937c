"""The screen's pace for tests: quick, and the same on a busy machine."""

from __future__ import annotations

import pytest

from edge.tui.pace import Pace


class BriskPace(Pace):
    def __init__(self, shortest_s: float) -> None:
        super().__init__(0.02)

    def after(self, cost_s: float) -> float:
        return self.shortest_s


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.tui.app.Pace", BriskPace)
