"""A target's inputs, tried in child processes; what hangs is killed, what crashes is replaced, and both are found."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from signal import Signals
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from tests.campaigns.fuzzing.child import STACKS_SIGNAL, try_inputs
from tests.campaigns.fuzzing.inputs import input_of
from tests.campaigns.fuzzing.outcome import FINDINGS, Ended, Outcome
from tests.campaigns.fuzzing.target import Target

START_S = 60.0
"""A child may take so long until its first input: it imports onnxruntime and more, perhaps from a cold disk."""
KEPT_OUTPUT = 6000
_CONTEXT = get_context("spawn")  # a forked child would share locks that onnxruntime's threads hold


@dataclass(slots=True)
class Figures:
    """What became of a target's inputs. `first` has the first of every distinct finding, with the input."""

    target: str
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    slowest_s: float = 0.0
    took_s: float = 0.0
    first: list[tuple[Ended, bytes]] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        return sum(self.outcomes.values())

    @property
    def findings(self) -> int:
        return sum(self.outcomes[each] for each in FINDINGS)


def campaign(target: Target, inputs: int, seed: int, timeout_s: float, done: Callable[[], object] = lambda: None) -> Figures:
    """Try that many inputs, each for at most `timeout_s`; `done` is called after each."""
    seeds = target.seeds()
    figures = Figures(target.name)
    known: set[tuple[Outcome, str]] = set()
    start = perf_counter()
    for ended in _all_ended(target, seeds, inputs, seed, timeout_s):
        figures.outcomes[ended.outcome] += 1
        figures.slowest_s = max(figures.slowest_s, ended.took_s)
        if ended.outcome in FINDINGS and (ended.outcome, ended.place) not in known:
            known.add((ended.outcome, ended.place))
            figures.first.append((ended, input_of(target, seeds, seed, ended.index)))
        done()
    figures.took_s = perf_counter() - start
    return figures


def _all_ended(target: Target, seeds: Sequence[bytes], inputs: int, seed: int, timeout_s: float) -> Iterator[Ended]:
    following = 0
    with TemporaryDirectory(prefix="hemocam-fuzz-", dir=_memory()) as folder:
        for number in range(inputs + 1):
            scratch, said = Path(folder, f"{number}"), Path(folder, f"{number}.txt")
            scratch.mkdir()
            with _child(target, seeds, seed, range(following, inputs), scratch, said) as (process, connection):
                while following < inputs:
                    ended = _next(process, connection, following, timeout_s, said)
                    yield ended
                    following = ended.index + 1
                    if ended.outcome in (Outcome.HANG, Outcome.CRASH):
                        break
            if following >= inputs:
                return


@contextmanager
def _child(
    target: Target, seeds: Sequence[bytes], seed: int, indices: range, scratch: Path, said: Path
) -> Iterator[tuple[BaseProcess, Connection]]:
    ours, its = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=try_inputs, args=(its, target, seeds, seed, indices, scratch, said), daemon=True)
    process.start()
    its.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()
        ours.close()


def _next(process: BaseProcess, connection: Connection, index: int, timeout_s: float, said: Path) -> Ended:
    """The end of input `index`, as the child tells it or as it shows by silence or death."""
    start, limit_s = perf_counter(), START_S
    try:
        while connection.poll(limit_s):
            told = connection.recv()
            if isinstance(told, Ended):
                return told
            start, limit_s = perf_counter(), timeout_s
    except EOFError:
        process.join(START_S)
        how = Signals(-process.exitcode).name if process.exitcode and process.exitcode < 0 else f"exit {process.exitcode}"
        return Ended(index, Outcome.CRASH, perf_counter() - start, f"{how}\n{_tail(said)}", f"{how} {_spot(said)}")
    if process.pid is not None:
        os.kill(process.pid, STACKS_SIGNAL)
        sleep(0.5)  # it writes its stacks; a child that hangs in a lock of libc's may not, and is killed all the same
    return Ended(index, Outcome.HANG, perf_counter() - start, f"no end after {limit_s:g} s\n{_tail(said)}", _spot(said))


def _tail(said: Path) -> str:
    return said.read_text("utf-8", errors="replace")[-KEPT_OUTPUT:] if said.exists() else ""


def _spot(said: Path) -> str:
    """The innermost line of ours that the stacks name."""
    lines = [line.strip() for line in _tail(said).splitlines() if line.lstrip().startswith("File ") and "/fuzzing/" not in line]
    ours = [line for line in lines if "site-packages" not in line and "/lib/python" not in line]
    return (ours or lines or ["?"])[0]


def _memory() -> str | None:
    """A file system in memory where there is one: the record's fsyncs would take most of the time on a disk."""
    shared = Path("/dev/shm")
    return str(shared) if os.access(shared, os.W_OK) else None
