"""A writer killed with SIGKILL at a random moment: nothing committed is lost, no field is half there."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.storage.reader import StoreReader
from edge.storage.records import SessionState

EACH = {"rbc": 40, "wbc": 2, "plt": 3}
WRITER = """
import sys
from pathlib import Path
from edge.storage.records import LedgerRecord
from edge.storage.store import Store
from tests.edge.storage.samples import NOON, cells, new_field, new_session

with Store(Path(sys.argv[1])) as store:
    slide = store.begin_slide(store.begin_session(new_session()).id, "", NOON)
    some = cells({"rbc": 40, "wbc": 2, "plt": 3})
    for sequence in range(100000):
        store.commit_field(new_field(slide.id, sequence), some, LedgerRecord(counted=sequence + 1))
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
        fields = reader.session_fields(session.id)
        assert session.state is SessionState.INTERRUPTED
        assert len(fields) - max(told, default=1) in (0, 1)  # at most the one that was committed but not yet told
        assert session.ledger.counted == len(fields)
        assert all(len(reader.cells(field.id)) == 45 for field in fields)
        assert reader.session_totals(session.id).cells == {kind: n * len(fields) for kind, n in EACH.items()}
