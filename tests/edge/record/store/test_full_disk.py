"""A disk without room: what is written is whole or not there, and the record goes on once there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.record.repair.checking import check
from edge.record.repair.store_backup import back_up
from edge.record.store.errors import StoreError, StoreFull
from edge.record.store.images import write_image
from edge.record.store.pictures import IMAGES
from edge.record.store.reader import StoreReader
from edge.record.store.records import LedgerRecord
from edge.record.store.retention import make_room
from edge.record.store.space import SpaceGuard
from edge.record.store.store import Store
from tests.edge.record.store.samples import NOON, cells, new_field, new_session, version_one

SIZE_BYTES = 12_000_000  # the write-ahead log alone takes 4 MB before it is folded in


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    options = f"size={SIZE_BYTES}"
    try:
        said = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount(8) here")
    if said.returncode:
        pytest.skip(f"only root may mount a small disk: {said.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_counting_until_the_disk_is_full_and_on_when_there_is_room(small_disk: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    guard = SpaceGuard(small_disk, soft_free_bytes=3_000_000, hard_free_bytes=1_000_000)
    some = cells({"rbc": 60})
    with Store(small_disk) as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        counted, levels, dropped, refused = 0, set[str](), 0, 0
        ballast = small_disk / "ballast"
        for number in range(121):
            level = guard.level()
            levels.add(level.level)
            if level.level == "low":
                dropped += make_room(store, guard.wanted_free_bytes - level.free_bytes, keep_last=5).pictures
            image = None
            if level.level != "full":
                image = write_image(small_disk, noise, f"{IMAGES}/{session.id}/1-{number:06d}")
            if number == 60:  # somebody else fills the disk
                with pytest.raises(OSError, match="No space"), ballast.open("wb", buffering=0) as file:
                    while True:
                        file.write(bytes(4096))
            try:
                field = new_field(slide.id, number, image=image)
                store.commit_field(field, some, LedgerRecord(counted=counted + 1))
                counted += 1
            except StoreFull:
                refused += 1
            if number == 70:
                ballast.unlink()
        assert store.session_totals(session.id).cells["rbc"] == 60 * counted
        assert store.session(session.id).ledger.counted == counted > 100
    assert dropped > 10
    assert refused >= 1
    assert {"ok", "low", "full"} <= levels
    # A picture whose field could not be committed is an orphan, and the only finding.
    assert {each.kind.value for each in check(small_disk) if not each.harmless} <= {"orphan picture"}


def test_a_migration_without_room_for_its_backup_leaves_the_old_record(small_disk: Path) -> None:
    version_one(small_disk, fields=3500)
    (small_disk / "ballast").write_bytes(bytes(max(0, os.statvfs(small_disk).f_bavail * 4096 - 300_000)))
    with pytest.raises(StoreFull, match="free some space"), Store(small_disk):
        pass
    assert not list(small_disk.glob("hemocam-v*"))
    assert not list(small_disk.glob(".*partial*"))
    (small_disk / "ballast").unlink()
    with Store(small_disk) as store:
        assert store.session_totals(store.latest_session().id).fields == 3500


def test_a_backup_without_room_leaves_nothing(small_disk: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        for number in range(200):
            store.commit_field(new_field(slide.id, number), cells({"rbc": 500}), LedgerRecord(counted=number + 1))
        with pytest.raises(StoreError, match="small"):
            back_up(tmp_path / "store", small_disk)
    assert list(small_disk.iterdir()) == []
    with StoreReader(tmp_path / "store") as reader:
        assert reader.session_totals(session.id).fields == 200
