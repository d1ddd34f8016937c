"""A writer killed with SIGKILL at a random moment: nothing committed is lost, no field is half there."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from edge.record.repair.checking import check
from edge.record.repair.findings import FindingKind
from edge.record.repair.repairing import repair
from edge.record.store.reader import StoreReader
from edge.record.store.records import SessionState
from edge.record.store.store import Store
from tests.edge.record.store.samples import new_field

EACH = {"rbc": 40, "wbc": 2, "plt": 3}
WRITER = """
import sys
from pathlib import Path
from edge.record.store.records import LedgerRecord
from edge.record.store.store import Store
from tests.edge.record.store.samples import NOON, cells, new_field, new_session, picture

with Store(Path(sys.argv[1])) as store:
    session = store.begin_session(new_session())
    slide = store.begin_slide(session.id, "", NOON)
    some = cells({"rbc": 40, "wbc": 2, "plt": 3})
    undone = 0
    for sequence in range(100000):
        name = picture(store.folder, f"images/{session.id}/1-{sequence:06d}")
        ledger = dict(rejected=undone, rejections={"undone": undone})
        field = new_field(slide.id, sequence, view=bytes(9000), image=name)
        store.commit_field(field, some, LedgerRecord(counted=sequence + 1 - undone, **ledger))
        if sequence % 3 == 2:
            undone += 1
            ledger = dict(rejected=undone, rejections={"undone": undone})
            store.undo_field(session.id, LedgerRecord(counted=sequence + 1 - undone, **ledger), NOON)
            store.add_event(session.id, "undo", "of the third", NOON, 1.0)
        sys.stdout.write(f"{sequence + 1}\\n")
        sys.stdout.flush()
"""


@pytest.mark.parametrize("seed", range(4))
def test_kill_in_mid_commit(tmp_path: Path, seed: int) -> None:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "1\n"
        with StoreReader(tmp_path) as reader:
            assert reader.latest_session().state is SessionState.RUNNING
        time.sleep(random.Random(seed).uniform(0.05, 0.3))
        writer.send_signal(signal.SIGKILL)
        told = [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    with StoreReader(tmp_path) as reader:
        session = reader.latest_session()
        everything = reader.session_fields(session.id, including_undone=True)
        fields = reader.session_fields(session.id)
        assert session.state is SessionState.INTERRUPTED
        assert len(everything) - max(told, default=1) in (0, 1)  # at most the one that was committed but not yet told
        assert session.ledger.counted == len(fields)
        assert session.ledger.captured == len(everything)
        assert [field.number % 3 for field in everything if field.undone] == [0] * (len(everything) - len(fields))
        assert all(len(reader.cells(field.id)) == 45 for field in everything)
        assert reader.session_totals(session.id).cells == {kind: n * len(fields) for kind, n in EACH.items()}
        assert len(reader.views(everything[0].slide_id)) == len(fields)
    wrong = [each for each in check(tmp_path) if not each.harmless]
    assert [each.kind for each in wrong] in ([], [FindingKind.ORPHAN_PICTURE])  # its field was not committed yet
    assert repair(tmp_path, lambda _: None) == []
    with Store(tmp_path) as store:
        resumed = store.resume_session(session.id)
        ledger = replace(resumed.ledger, counted=len(fields) + 1)
        store.commit_field(new_field(everything[0].slide_id, 7), [], ledger)
