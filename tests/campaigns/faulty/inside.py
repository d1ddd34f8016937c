"""Rounds of what fails inside a running program: camera, engine, disk, database, clock."""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from threading import Condition
from time import monotonic, sleep

from edge.record.store.reader import DATABASE_NAME
from edge.session.events import Event, FieldSeen, Notice, Session
from edge.session.ledger import FrameState
from edge.session.run_state import RunState
from edge.session.wishes import NewSlide
from tests.campaigns.faulty.outcome import Round, record_against
from tests.campaigns.faulty.sitting import LEAST_FREE_BYTES, faulty_sitting
from tests.campaigns.faulty.switchboard import Fault, Switchboard

RECOVERS_WITHIN_S = 40.0
FAULT_S = (0.2, 2.0)
LONG_LOCK_S = 11.0
"""SQLite waits 10 s for a lock by itself; one in eight locks lasts longer."""
JUMP_S = (-40 * 86400.0, 40 * 86400.0)
SMALL_DISK = "6m"
DAY_S = 86400.0


class Observer:
    """A face that keeps what it was told; another thread may wait for something."""

    def __init__(self) -> None:
        self.counted = self.mismatches = 0
        self.seen_s = 0.0
        self.state = RunState.OPENING
        self._captured = 0
        self._changed = Condition()

    def __call__(self, event: Event) -> None:
        with self._changed:
            if not isinstance(event, Notice):
                ledger = event.status.ledger
                self.mismatches += ledger.captured < self._captured or ledger.captured != ledger.ended + ledger.in_hand
                self._captured, self.state = ledger.captured, event.status.run_state
            if isinstance(event, FieldSeen):
                self.counted += event.state is FrameState.COUNTED
                if event.count is not None:
                    self.seen_s = event.frame.monotonic_s
            self._changed.notify_all()

    def wait_for(self, what: Callable[[], bool], within_s: float = RECOVERS_WITHIN_S) -> bool:
        with self._changed:
            return self._changed.wait_for(what, within_s)


def inside(fault: Fault, seed: int) -> Round:
    """One round: count, let it fail for a while at a random moment, heal it, see that counting goes on, look at the record."""
    random, board, observer = Random(seed), Switchboard(), Observer()
    with ExitStack() as places:
        folder = places.enter_context(_small_disk() if fault is Fault.DISK_FULL else _folder())
        session = faulty_sitting(
            folder, board, resume=False, least_free_bytes=LEAST_FREE_BYTES if fault is Fault.DISK_FULL else 0
        )
        recovered_s = None
        session.start(observer)
        try:
            started = random.randint(0, 3)
            if observer.wait_for(lambda: observer.state is RunState.STREAMING and observer.counted >= started):
                sleep(random.uniform(0.0, 0.3))
                session.request(NewSlide())  # its fields are new: some are on their way to the disk when it fails
                healed_s = _fail(fault, board, folder, random)
                session.request(NewSlide())
                before = observer.counted
                if observer.wait_for(lambda: observer.seen_s > healed_s and observer.counted > before):
                    recovered_s = monotonic() - healed_s
        finally:
            board.heal()
            session.close()
        return _round(fault, recovered_s, session, observer, folder)


def _round(fault: Fault, recovered_s: float | None, session: Session, observer: Observer, folder: Path) -> Round:
    status = session.status
    told = record_against(folder, status.session_id, observer.counted, status.ledger)
    why = "; ".join(told.corrupt) or ("" if recovered_s is not None else f"{status.run_state.value}: {status.detail}")
    return Round(fault, recovered_s, told.lost, len(told.corrupt), told.mismatches + observer.mismatches, why)


def _fail(fault: Fault, board: Switchboard, folder: Path, random: Random) -> float:
    """Have it fail for a while; gives when it was healed (monotonic)."""
    lasts_s = random.uniform(*FAULT_S)
    match fault:
        case Fault.DISK_FULL:
            with _filled(folder):
                sleep(lasts_s)
        case Fault.LOCKED:
            with _locked(folder):
                sleep(LONG_LOCK_S if random.random() < 0.125 else lasts_s)
        case Fault.CLOCK:
            board.clock_off_s += random.uniform(*JUMP_S)
            sleep(lasts_s)
            if random.random() < 0.5:
                board.clock_off_s += random.uniform(*JUMP_S)
        case _:
            board.put_on(fault)
            sleep(lasts_s)
            board.heal()
    return monotonic()


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hemocam-faults-") as folder:
        yield Path(folder)


@contextmanager
def _small_disk() -> Iterator[Path]:
    """A disk of a few MB in memory. Raises CalledProcessError where this user may not mount one."""
    with _folder() as folder:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(folder)], check=True, capture_output=True
        )
        try:
            yield folder
        finally:
            subprocess.run(["umount", str(folder)], check=True, capture_output=True)


@contextmanager
def _filled(folder: Path) -> Iterator[None]:
    """Not a byte is free inside."""
    balloon = folder / "balloon"
    with balloon.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:  # full: that is what it is for
            pass
    try:
        yield
    finally:
        balloon.unlink()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Another program writes the database and does not come to an end."""
    other = sqlite3.connect(folder / DATABASE_NAME, isolation_level=None, timeout=20.0)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.rollback()
        other.close()


def can_fill_a_disk() -> bool:
    """Whether this user may mount a small disk."""
    try:
        with _small_disk():
            return True
    except (OSError, subprocess.CalledProcessError):
        return False
