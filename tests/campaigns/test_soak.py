"""`python -m tests.campaigns soak`: what it would see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge.commands.assembly import camera_for, session, session_settings
from edge.config import Config
from edge.session.events import Notice, Severity, StatusChanged
from edge.session.ledger import Ledger
from engines.succession import Succession
from tests.campaigns.footprint import Footprint
from tests.campaigns.soak import Sample, Verdict, Watcher, settled_and_last, watched
from tests.edge.tui.fake_session import STREAMING

MB = 2**20


def sample(at_s: float, mb: int = 100, threads: int = 8, descriptors: int = 12) -> Sample:
    return Sample(at_s, Footprint(mb * MB, threads, descriptors), STREAMING)


def verdict(settled: Sample, last: Sample, **others: object) -> Verdict:
    return replace(Verdict(30.0, settled, last, STREAMING, 0, ()), **others)  # type: ignore[arg-type]


def test_what_leaks_fails_and_what_comes_and_goes_does_not() -> None:
    steady = [sample(float(at_s), descriptors=12 + at_s % 2) for at_s in range(0, 600, 15)]
    assert verdict(*settled_and_last(steady, 180.0)).passed
    for leaking in (
        [sample(float(at_s), mb=100 + at_s // 20) for at_s in range(0, 600, 15)],
        [sample(float(at_s), threads=8 + at_s // 300) for at_s in range(0, 600, 15)],
        [sample(float(at_s), descriptors=12 + at_s // 100) for at_s in range(0, 600, 15)],
    ):
        assert not verdict(*settled_and_last(leaking, 180.0)).passed


@pytest.mark.parametrize(
    "others", [{"mismatches": 1}, {"errors": ("camera lost",)}, {"status": replace(STREAMING, ledger=Ledger())}]
)
def test_a_wrong_ledger_an_error_and_an_idle_session_fail(others: dict[str, object]) -> None:
    assert verdict(sample(180.0), sample(600.0)).passed
    assert not verdict(sample(180.0), sample(600.0), **others).passed


def test_frames_that_vanish_are_seen() -> None:
    watcher = Watcher()
    for captured in (5, 9, 7):
        watcher(StatusChanged(replace(STREAMING, ledger=Ledger(captured, dropped=captured))))
    watcher(Notice(Severity.ERROR, "disk gone"))
    watcher(Notice(Severity.INFO, "slide 2 begun"))
    assert (watcher.mismatches, watcher.errors) == (1, ["disk gone"])


def test_a_short_sitting_at_the_simulated_slide(tmp_path: Path) -> None:
    camera = {"kind": "simulated_slide", "frames_per_s": 30.0}
    config = Config.model_validate({"camera": camera, "store": {"folder": tmp_path}})
    engines = Succession()
    found = watched(session(lambda: camera_for(config), engines, session_settings(config, engines.first())), tmp_path, 0.1)
    assert (found.mismatches, found.errors) == (0, ())
    assert found.status.ledger.counted > 0
    assert found.status.ledger.in_hand == 0
