"""`python -m tests.campaigns faults`: a round of each fault, and that a loss would be told."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.record.store.records import LedgerRecord
from edge.record.store.store import Store
from edge.session.ledger import Ledger
from tests.campaigns import faults
from tests.campaigns.__main__ import app
from tests.campaigns.faulty.inside import can_fill_a_disk, inside
from tests.campaigns.faulty.outcome import Round, record_against, tally
from tests.campaigns.faulty.outside import killed, terminated
from tests.campaigns.faulty.switchboard import Fault
from tests.edge.record.store.samples import NOON, cells, new_field, new_session

INSIDE = [fault for fault in Fault if fault not in (Fault.KILLED, Fault.TERMINATED)]


@pytest.mark.parametrize("fault", INSIDE, ids=lambda fault: fault.name.lower())
def test_a_round_of_it(fault: Fault) -> None:
    if fault is Fault.DISK_FULL and not can_fill_a_disk():
        pytest.skip("this user may not mount a small disk")
    found = inside(fault, seed=3)
    assert found.recovered_s is not None, found.why
    assert (found.lost, found.corrupt, found.mismatches) == (0, 0, 0), found.why


def test_killed_it_goes_on_with_the_same_session() -> None:
    found = killed(seed=3)
    assert found.recovered_s is not None, found.why
    assert (found.lost, found.corrupt, found.mismatches) == (0, 0, 0), found.why


@pytest.mark.parametrize("state", range(6))
def test_sigterm_in_each_state(state: int) -> None:
    found = terminated(seed=state)
    assert found.recovered_s is not None, found.why
    assert (found.lost, found.corrupt, found.mismatches) == (0, 0, 0), found.why


def test_what_is_missing_from_the_record_is_told(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "slide 1", NOON)
        for number in (1, 2):
            counts = {"rbc": 2, "wbc": 1, "plt": 0}
            store.commit_field(new_field(slide.id, number), cells(counts), LedgerRecord(counted=number, dropped=4))
        store.finish_session(session.id, LedgerRecord(counted=2, dropped=4), "stopped", NOON)
    session_id, ledger = session.id, Ledger(6, counted=2, dropped=4)
    assert record_against(tmp_path, session_id, 2, ledger) == record_against(tmp_path, session_id, 1, None)
    assert record_against(tmp_path, session_id, 3, None).lost == 1
    assert record_against(tmp_path, session_id, 2, Ledger(7, counted=2, dropped=5)).mismatches > 0


def test_a_tally_passes_only_where_all_is_well() -> None:
    good = Round(Fault.NAN, 0.5)
    assert tally([good, Round(Fault.NAN, 1.5)]).passed
    assert tally([good, Round(Fault.NAN, 1.5)]).median_s == 1.0
    for bad in (
        Round(Fault.NAN, None),
        Round(Fault.NAN, 1.0, lost=1),
        Round(Fault.NAN, 1.0, corrupt=1),
        Round(Fault.NAN, 1.0, 0, 0, 1),
    ):
        assert not tally([good, bad]).passed


def test_the_command_fails_where_a_field_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "one_round", lambda fault, seed: Round(fault, 1.0, lost=1, why="row 3 is gone"))
    result = CliRunner().invoke(app, ["faults", "--rounds", "2", "--only", "wall clock jumps"], env={"COLUMNS": "120"})
    assert result.exit_code == 1
    assert "row 3 is gone" in result.output
    assert "wall clock jumps" in result.output
