from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge.record.store.errors import StoreBusy
from edge.record.store.running import RunningLock, is_running

HOLD = """
import pathlib, sys
from edge.record.store.running import RunningLock
lock = RunningLock(pathlib.Path(sys.argv[1]), "s")
sys.stdout.write("held\\n"); sys.stdout.flush(); sys.stdin.read()
"""


def test_a_lock_is_held_until_released(tmp_path: Path) -> None:
    assert not is_running(tmp_path, "s")
    lock = RunningLock(tmp_path, "s")
    assert is_running(tmp_path, "s")
    assert not is_running(tmp_path, "other")
    with pytest.raises(StoreBusy, match="another process"):
        RunningLock(tmp_path, "s")
    lock.release()
    assert not is_running(tmp_path, "s")


def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert is_running(tmp_path, "s")
        process.kill()
    assert (tmp_path / "running" / "s.lock").exists()
    assert not is_running(tmp_path, "s")
