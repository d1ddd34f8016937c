from __future__ import annotations

import os
import time
from pathlib import Path

from edge.record.store.daily_backup import EVERY_S, back_up_daily, backups
from edge.record.store.database import DATABASE_NAME
from edge.record.store.reader import StoreReader
from edge.record.store.store import Store
from tests.edge.record.store.samples import new_session


def recorded(folder: Path) -> Path:
    with Store(folder) as store:
        store.begin_session(new_session())
    return folder


def aged(path: Path, days: float) -> None:
    then = time.time() - days * EVERY_S
    os.utime(path, (then, then))


def test_one_a_day_and_the_newest_are_kept(tmp_path: Path) -> None:
    recorded(tmp_path)
    made = back_up_daily(tmp_path, kept=2)
    assert made is not None
    assert back_up_daily(tmp_path, kept=2) is None, "the day is not over"
    for days in (3.0, 2.0, 1.5):
        for place, path in enumerate(backups(tmp_path)):
            aged(path, days - 0.1 * place)
        assert back_up_daily(tmp_path, kept=2) is not None
        assert len(backups(tmp_path)) == 2


def test_a_copy_is_a_whole_record(tmp_path: Path) -> None:
    made = back_up_daily(recorded(tmp_path / "record"), kept=3)
    assert made is not None
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    made.rename(elsewhere / DATABASE_NAME)
    with StoreReader(elsewhere) as reader:
        assert len(reader.sessions()) == 1


def test_a_clock_that_was_set_back_makes_one_too_many(tmp_path: Path) -> None:
    recorded(tmp_path)
    first = back_up_daily(tmp_path, kept=3)
    assert first is not None
    aged(first, -400.0)
    assert back_up_daily(tmp_path, kept=3) is not None


def test_none_where_none_are_wanted(tmp_path: Path) -> None:
    assert back_up_daily(recorded(tmp_path), kept=0) is None
    assert backups(tmp_path) == []
