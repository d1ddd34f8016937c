"""`hemocam log` under a service manager that speaks the notify protocol over a real socket: started, watched, killed,
restarted, stopped, and hung."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.record.store.reader import StoreReader
from edge.record.store.records import FieldRecord, SessionRecord
from tests.edge.service.manager import Manager

LOG = "from edge.cli import main; main()"
PATIENCE_S = 120.0
"""Nothing here should take as long; a machine that is busy may."""
WATCHDOG_USEC = 900_000
"""Fed every 0.3 s. The watchdog itself is this test: nobody kills a program that is late."""

# A loop whose face never comes back from the first field: all else lives on, as in a real hang of one thread.
HANGS = """
import sys
from pathlib import Path
from threading import Event
from edge.commands.assembly import *
import edge.cli
from edge.commands.log_subscriber import LogSubscriber
from edge.session.events import FieldSeen
def hang(self, event):
    if isinstance(event, FieldSeen):
        Event().wait()
LogSubscriber.__call__ = hang
import edge.service.supervised as supervised
supervised.USUAL = supervised.Patience(turn_s=1.0)
supervised.Supervised.from_environment.__func__.__defaults__ = (supervised.os.environ, supervised.USUAL)
edge.cli.main()
"""


class Program:
    """`hemocam log` as the unit starts it."""

    def __init__(self, manager: Manager, config: Path, code: str = LOG) -> None:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("HEMOCAM", "WATCHDOG", "NOTIFY"))
        }
        environment |= {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(WATCHDOG_USEC), "PYTHONFAULTHANDLER": "1"}
        self.manager = manager
        self.errors = config.with_suffix(".log")
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, "log", "--config", str(config)], env=environment, stdout=errors, stderr=errors,
                cwd=Path(__file__).parents[2],
            )  # fmt: skip

    def wait_for(self, is_it: Callable[[str], bool]) -> str:
        try:
            return self.manager.wait_for(is_it, PATIENCE_S, lambda: self.process.poll() is None)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.errors.read_text()[-3000:]}") from error

    def wait_for_fields(self, least: int) -> None:
        self.wait_for(lambda line: (found := re.search(r": (\d+) field", line)) is not None and int(found[1]) >= least)

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with Manager(tmp_path) as listening:
        yield listening


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "ward3.yaml"
    path.write_text(
        "camera: {kind: simulated_slide, seed: 3, width_px: 320, height_px: 240, frames_per_s: 30}\n"
        "optics: {um_per_px: 0.19}\n"
        f"store: {{folder: {tmp_path}/record, soft_free_mb: 2, hard_free_mb: 1}}\n"
        "model: {threads: 1}\n"
    )
    return path


@pytest.fixture
def begin(manager: Manager, config: Path) -> Iterator[Callable[..., Program]]:
    begun: list[Program] = []

    def start(code: str = LOG) -> Program:
        begun.append(Program(manager, config, code))
        return begun[-1]

    yield start
    for program in begun:
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait()


def record(config: Path) -> tuple[list[SessionRecord], dict[str, list[FieldRecord]]]:
    with StoreReader(config.parent / "record") as reader:
        sessions = reader.sessions()
        return sessions, {one.id: reader.session_fields(one.id) for one in sessions}


def test_it_is_started_watched_killed_restarted_and_stopped_with_nothing_lost(
    begin: Callable[..., Program], manager: Manager, config: Path
) -> None:
    first = begin()
    first.wait_for(lambda line: line == "READY=1")
    assert "EXTEND_TIMEOUT_USEC=30000000" in manager.said
    for _ in range(3):
        first.wait_for(lambda line: line == "WATCHDOG=1")
    first.wait_for_fields(2)
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    assert "STOPPING=1" not in manager.said
    (killed,), fields_by_session = record(config)
    before = fields_by_session[killed.id]
    assert len(before) >= 2
    assert killed.ledger.counted == len(before)

    manager.hear()
    manager.said.clear()
    second = begin()
    second.wait_for(lambda line: line == "READY=1")
    second.wait_for_fields(len(before) + 2)
    second.wait_for(lambda line: line == "WATCHDOG=1")
    assert second.end(signal.SIGTERM) == 0
    manager.hear()
    assert manager.said.count("READY=1") == 1
    assert manager.said.count("STOPPING=1") == 1
    assert not any(line.startswith("STATUS=hangs") for line in manager.said)

    (resumed,), fields_by_session = record(config)
    after = fields_by_session[resumed.id]
    assert resumed.id == killed.id
    assert after[: len(before)] == before
    assert len(after) >= len(before) + 2
    assert resumed.ledger.counted == len(after)
    assert len({one.id for one in after}) == len(after)


def test_a_hung_loop_is_fed_no_more_and_its_journal_says_where_it_hangs(
    begin: Callable[..., Program], manager: Manager, config: Path
) -> None:
    program = begin(HANGS)
    program.wait_for(lambda line: line == "READY=1")
    program.wait_for(lambda line: line.startswith("STATUS=hangs: the loop has stood still"))
    manager.hear()
    manager.said.clear()
    for _ in range(3):
        program.wait_for(lambda line: line.startswith("STATUS=hangs"))
    assert "WATCHDOG=1" not in manager.said
    # What systemd does then.
    assert program.end(signal.SIGABRT) == -signal.SIGABRT
    journal = program.errors.read_text()
    assert "the watchdog is not fed: the loop has stood still" in journal
    assert re.search(r'File "<string>", line \d+ in hang', journal)


def test_a_wrong_configuration_is_never_ready_and_final(begin: Callable[..., Program], manager: Manager, config: Path) -> None:
    config.write_text("kamera: {}\n")
    assert begin().process.wait(PATIENCE_S) == 2  # the unit's RestartPreventExitStatus
    manager.hear()
    assert "READY=1" not in manager.said


def test_a_stop_before_it_is_ready_is_a_clean_one(begin: Callable[..., Program], manager: Manager) -> None:
    program = begin()
    program.wait_for(lambda line: line.startswith("STATUS="))
    assert program.end(signal.SIGTERM) in (0, -signal.SIGTERM)  # systemd takes both for a clean end
