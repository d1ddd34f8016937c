"""The cache of built plans, also when files are damaged, writers race or are killed, and the disk is full."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.plan_cache import PlanCache, PlanCacheFailed, default_folder
from engines.plan_key import Machine, PlanKey

MACHINE = Machine("tensorrt", "10.3.0", "Orin", "8.7", "12.6", "12.6.0", "Linux", "aarch64")
KEY = PlanKey("ab" * 32, MACHINE, "fp16", "strong", "1x64x64..1x64x64..1x64x64", 4 << 30, None, None, False, False)
OTHER = replace(KEY, dla_core=0)
PLAN = bytes(range(256)) * 8


@pytest.fixture
def cache(tmp_path: Path) -> PlanCache:
    return PlanCache(tmp_path / "plans")


def test_a_plan_comes_back_and_only_for_its_key(cache: PlanCache) -> None:
    path = cache.put(KEY, PLAN)
    assert cache.get(KEY) == PLAN and cache.get(OTHER) is None
    assert sorted(each.name for each in cache.folder.iterdir()) == [".lock", f"{KEY.digest}.json", f"{KEY.digest}.plan"]
    assert path == cache.folder / f"{KEY.digest}.plan"


def test_nothing_is_made_by_looking(cache: PlanCache) -> None:
    assert cache.get(KEY) is None and cache.entry(KEY) is None and cache.entries() == [] and cache.prune() == []
    assert not cache.drop(KEY) and not cache.record_acceptance(KEY, PLAN, {})
    assert not cache.folder.exists()


@settings(max_examples=40)
@given(st.integers(0, len(PLAN) - 1), st.sampled_from(["cut", "flip", "grow"]))
def test_a_damaged_plan_is_dropped(tmp_path_factory: pytest.TempPathFactory, at: int, how: str) -> None:
    cache = PlanCache(tmp_path_factory.mktemp("plans"))
    flipped = PLAN[:at] + bytes([PLAN[at] ^ 1]) + PLAN[at + 1 :]
    cache.put(KEY, PLAN).write_bytes({"cut": PLAN[:at], "flip": flipped, "grow": PLAN + b"x"}[how])
    assert cache.get(KEY) is None
    assert [each.name for each in cache.folder.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    "sidecar", [b"", b"{", b"[]", b"null", b'{"key": 1}', b"\xff\xfe", b'{"sha256": "x", "built_at": "never"}']
)
def test_a_damaged_sidecar_drops_the_plan(cache: PlanCache, sidecar: bytes) -> None:
    path = cache.put(KEY, PLAN)
    path.with_suffix(".json").write_bytes(sidecar)
    assert cache.entries() == [] and cache.entry(KEY) is None
    assert cache.get(KEY) is None and not path.exists()


def test_a_sidecar_of_another_key_drops_the_plan(cache: PlanCache) -> None:
    mine, others = cache.put(KEY, PLAN), cache.put(OTHER, PLAN)
    mine.with_suffix(".json").write_bytes(others.with_suffix(".json").read_bytes())
    assert cache.get(KEY) is None and cache.get(OTHER) == PLAN


def test_a_sidecar_without_a_plan_is_no_entry(cache: PlanCache) -> None:
    cache.put(KEY, PLAN).unlink()
    assert cache.entries() == [] and cache.get(KEY) is None
    assert not (cache.folder / f"{KEY.digest}.json").exists()


def test_an_acceptance_is_kept_with_its_plan_and_goes_with_it(cache: PlanCache) -> None:
    cache.put(KEY, PLAN)
    assert cache.entry(KEY).acceptance is None  # type: ignore[union-attr]
    said = {"passed": True, "counts": [{"rbc": 412}], "label_agreement": 99.98}
    assert cache.record_acceptance(KEY, PLAN, said)
    assert cache.entry(KEY).acceptance == said and cache.get(KEY) == PLAN  # type: ignore[union-attr]
    # Another process has built it anew: what was found of the old plan says nothing of the new one.
    cache.put(KEY, PLAN + b"new")
    assert not cache.record_acceptance(KEY, PLAN, said)
    assert cache.entry(KEY).acceptance is None  # type: ignore[union-attr]


def test_entries_tell_all_the_last_used_first(cache: PlanCache) -> None:
    cache.put(KEY, PLAN, {"passed": True})
    _age(cache.put(OTHER, PLAN + PLAN), 60)
    first, second = cache.entries()
    assert (first.key, second.key) == (KEY, OTHER)
    assert (first.size_bytes, second.size_bytes, first.acceptance) == (len(PLAN), 2 * len(PLAN), {"passed": True})
    cache.get(OTHER)
    _age(first.path, 30)
    assert [entry.key for entry in cache.entries()] == [OTHER, KEY]


def test_drop_takes_one_out(cache: PlanCache) -> None:
    cache.put(KEY, PLAN)
    cache.put(OTHER, PLAN)
    assert cache.drop(KEY) and not cache.drop(KEY)
    assert cache.get(KEY) is None and cache.get(OTHER) == PLAN


def test_prune_takes_out_foreign_unused_and_too_many(cache: PlanCache) -> None:
    foreign = replace(KEY, machine=replace(MACHINE, version="10.4.0"))
    unused = replace(KEY, workspace_bytes=1)
    older = replace(KEY, workspace_bytes=2)
    for key, age_s in ((foreign, 0), (unused, 7200), (older, 600), (KEY, 0)):
        _age(cache.put(key, PLAN), age_s)
    assert [entry.key for entry in cache.prune(machine=MACHINE)] == [foreign]
    assert [entry.key for entry in cache.prune(unused_for=timedelta(hours=1))] == [unused]
    assert [entry.key for entry in cache.prune(most_bytes=2 * len(PLAN))] == []
    assert [entry.key for entry in cache.prune(most_bytes=2 * len(PLAN) - 1)] == [older]
    assert cache.get(KEY) == PLAN
    assert [entry.key for entry in cache.prune(most_bytes=0)] == [KEY]


def test_prune_sweeps_what_belongs_to_no_plan_and_leaves_the_rest(cache: PlanCache) -> None:
    cache.put(KEY, PLAN)
    for name in (".half.plan.x.partial", "dead.plan", "dead.json", "README.txt"):
        (cache.folder / name).write_bytes(b"")
    assert cache.prune() == []
    assert sorted(each.name for each in cache.folder.iterdir() if KEY.digest not in each.name) == [".lock", "README.txt"]
    assert cache.get(KEY) == PLAN


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "plans").write_text("")
    with pytest.raises(PlanCacheFailed, match=r"plans cannot be used \(.*name another folder"):
        PlanCache(tmp_path / "plans").put(KEY, PLAN)


def test_a_full_disk_is_said_and_the_old_plan_still_there(cache: PlanCache) -> None:
    cache.put(KEY, PLAN)
    cache.put(OTHER, PLAN)
    done = _python(
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
        "try: cache.put(KEY, PLAN * 4)\n"
        "except PlanCacheFailed as error: print(error)",
        cache,
    )
    assert "free space" in done and str(cache.folder) in done
    assert cache.get(KEY) == PLAN and cache.get(OTHER) == PLAN
    assert not list(cache.folder.glob(".*part"))


def test_threads_and_processes_that_write_one_key_never_show_a_broken_plan(cache: PlanCache) -> None:
    cache.put(KEY, b"0" * 50_000)
    code = "for n in range(60): cache.put(KEY, str(n % 10).encode() * 50_000)"
    writers = [subprocess.Popen([sys.executable, "-c", _CODE + code, str(cache.folder)]) for _ in range(2)]
    thread = Thread(target=lambda: [cache.put(KEY, b"t" * 50_000) for _ in range(60)])
    thread.start()
    seen = set()
    while thread.is_alive() or any(writer.poll() is None for writer in writers):
        plan = cache.get(KEY)
        assert plan is not None and len(plan) == 50_000 and len(set(plan)) == 1
        seen.add(plan[:1])
    thread.join()
    assert [writer.wait() for writer in writers] == [0, 0] and len(seen) > 2


def test_a_writer_that_is_killed_leaves_a_whole_plan_or_none_and_no_lock(cache: PlanCache) -> None:
    for _ in range(2):
        writer = subprocess.Popen([sys.executable, "-c", _CODE + "while True: cache.put(KEY, PLAN * 400)", str(cache.folder)])
        deadline = time.monotonic() + 20
        while not cache.entries():
            assert time.monotonic() < deadline
        time.sleep(0.02)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert cache.get(KEY) in (None, PLAN * 400)
        cache.put(KEY, PLAN)
        assert cache.get(KEY) == PLAN
        cache.drop(KEY)
    cache.prune()
    assert [each.name for each in cache.folder.iterdir()] == [".lock"]


def test_the_default_folder_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "hemocam" / "plans" == PlanCache().folder


def test_a_sidecar_is_json_that_a_person_can_read(cache: PlanCache) -> None:
    said: dict[str, Any] = json.loads(cache.put(KEY, PLAN).with_suffix(".json").read_text())
    assert said["key"]["machine"]["gpu_name"] == "Orin" and said["built_at"].endswith("Z")


_CODE = (
    "import sys; from pathlib import Path; from engines.plan_cache import PlanCache, PlanCacheFailed\n"
    "from tests.engines.test_plan_cache import KEY, PLAN\n"
    "cache = PlanCache(Path(sys.argv[1]))\n"
)


def _python(code: str, cache: PlanCache) -> str:
    return subprocess.run(
        [sys.executable, "-c", _CODE + code, str(cache.folder)], capture_output=True, text=True, check=True
    ).stdout


def _age(path: Path, seconds: float) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))
