"""What a process holds."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

from tests.campaigns.footprint import footprint


def test_it_is_read_from_proc(tmp_path: Path) -> None:
    (tmp_path / "status").write_text("Name:\tpython\nVmRSS:\t  2048 kB\nThreads:\t7\n")
    (tmp_path / "fd").mkdir()
    for name in "012":
        (tmp_path / "fd" / name).touch()
    found = footprint(tmp_path)
    assert (found.resident_bytes, found.threads, found.descriptors) == (2 * 2**20, 7, 3)


def test_this_process_grows_by_what_it_opens(tmp_path: Path) -> None:
    before, over = footprint(), Event()
    thread = Thread(target=over.wait)
    thread.start()
    with (tmp_path / "x").open("w"):
        now = footprint()
    over.set()
    thread.join()
    assert now.threads == before.threads + 1
    assert now.descriptors == before.descriptors + 1
    assert now.resident_bytes > 10 * 2**20
