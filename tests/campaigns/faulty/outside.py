"""Rounds of what befalls a whole process: kill -9 at random moments, SIGTERM in each state."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from threading import Condition, Thread
from time import monotonic, sleep
from typing import IO

import numpy as np

from edge.record.repair.checking import check
from edge.record.repair.findings import HARMLESS
from edge.record.store.errors import StoreNotFound
from edge.session.run_state import RunState
from tests.campaigns.faulty.camera import KEPT_IN, rendered_spots
from tests.campaigns.faulty.outcome import Round, record_against
from tests.campaigns.faulty.switchboard import Fault

STARTS_WITHIN_S = 60.0
ENDS_WITHIN_S = 30.0
KILLED_WITHIN_S = 2.5
STATES = (RunState.OPENING, RunState.STREAMING, RunState.PAUSED, RunState.LOST, RunState.RECOVERING, RunState.FINISHING)


class Child:
    """A session in a process, its news, and its end."""

    def __init__(self, folder: Path) -> None:
        spots = folder.parent / f"{folder.name}.npy"
        if not spots.exists():
            np.save(spots, rendered_spots())
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaigns.faulty.child", str(folder)], env={**os.environ, KEPT_IN: str(spots)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1,
        )  # fmt: skip
        self.session, self.state, self.exit = "", "", ""
        self.counted = 0
        self.total = 0
        self._changed = Condition()
        assert self.process.stdout is not None  # asked for above
        self._listener = Thread(target=self._listen, args=(self.process.stdout,), daemon=True)
        self._listener.start()

    def order(self, word: str) -> None:
        assert self.process.stdin is not None  # asked for above
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def wait_for(self, what: Callable[[], bool], within_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: what() or self.process.poll() is not None, within_s) and what()

    def end(self, number: signal.Signals) -> int:
        """Send it, and give the exit code; what hangs is killed after a while, which shows as -9."""
        self.process.send_signal(number)
        try:
            self.process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._listener.join(5.0)
        return self.process.returncode

    def _listen(self, lines: IO[str]) -> None:
        for line in lines:
            news = json.loads(line)
            with self._changed:
                self.session = news.get("session") or self.session
                self.state = news.get("state", self.state)
                self.counted = news.get("counted", self.counted)
                self.total = news.get("total", self.total)
                self.exit = news.get("exit", self.exit)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


def killed(seed: int) -> Round:
    """kill -9 while fields are being committed; started again it must go on with the same session, and lose nothing."""
    random = Random(seed)
    with tempfile.TemporaryDirectory(prefix="hemocam-faults-") as name:
        folder = Path(name) / "record"
        first = Child(folder)
        ready = first.wait_for(lambda: first.counted > 0, STARTS_WITHIN_S)
        sleep(random.uniform(0.0, KILLED_WITHIN_S))
        first.end(signal.SIGKILL)
        if not ready:
            return Round(Fault.KILLED, None, why="it never counted a field")
        told = record_against(folder, first.session, first.counted, None)
        began_s = monotonic()
        second = Child(folder)
        second.order("slide")
        back = second.wait_for(lambda: second.counted > 0, STARTS_WITHIN_S)
        recovered_s = monotonic() - began_s if back and second.session == first.session else None
        state = second.state
        second.end(signal.SIGTERM)
        after = record_against(folder, second.session, first.counted + second.counted, None)
        why = "; ".join((*told.corrupt, *after.corrupt))
        if not back:
            why = f"started again it counted nothing, and was {state or 'not yet opening'}; {why}"
        elif second.session != first.session:
            why = f"session {first.session} was not resumed; {why}"
        corrupt = len(told.corrupt) + len(after.corrupt)
        return Round(Fault.KILLED, recovered_s, max(told.lost, after.lost), corrupt, told.mismatches + after.mismatches, why)


def terminated(seed: int) -> Round:
    """SIGTERM in a state: what was counted is recorded, the session is finished, and the process ends well in time."""
    random = Random(seed)
    state = STATES[seed % len(STATES)]
    with tempfile.TemporaryDirectory(prefix="hemocam-faults-") as name:
        folder = Path(name) / "record"
        child = Child(folder)
        reached = _bring_to(child, state, random)
        began_s = monotonic()
        code = child.end(signal.SIGTERM)
        ended_s = monotonic() - began_s
        # Before Python has set its handler a SIGTERM ends it at once; nothing was begun then.
        good = code == 0 or (state is RunState.OPENING and code == -signal.SIGTERM)
        why = "" if reached and good else f"in {state.value}: {'exit code ' + str(code) if reached else 'never came there'}"
        if not child.session:
            return _before_any_session(folder, ended_s if good and reached else None, why)
        told = record_against(folder, child.session, child.counted, None)
        recovered_s = ended_s if reached and good else None
        why = "; ".join((why, *told.corrupt)).strip("; ")
        return Round(Fault.TERMINATED, recovered_s, told.lost, len(told.corrupt), told.mismatches, why)


def _before_any_session(folder: Path, ended_s: float | None, why: str) -> Round:
    try:
        corrupt = [each for each in check(folder) if each.kind not in HARMLESS]
    except StoreNotFound:
        corrupt = []
    return Round(Fault.TERMINATED, ended_s, corrupt=len(corrupt), why=why)


def _bring_to(child: Child, state: RunState, random: Random) -> bool:
    """Whether the session came into `state`."""
    if state is RunState.OPENING:
        sleep(random.uniform(0.0, 1.5))
        return True
    if not child.wait_for(lambda: child.counted > 0, STARTS_WITHIN_S):
        return False
    sleep(random.uniform(0.0, 0.5))
    match state:
        case RunState.PAUSED:
            child.order("pause")
        case RunState.LOST:
            child.order(Fault.UNPLUGGED.value)
        case RunState.RECOVERING:
            child.order(Fault.STALLED.value)
        case RunState.FINISHING:
            child.process.send_signal(signal.SIGTERM)  # and the second one hits it while it finishes
            return True
    return child.wait_for(lambda: child.state == state.value, ENDS_WITHIN_S)
