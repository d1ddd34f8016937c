"""The process that tries inputs, one after the other: what kills it or makes it hang does not reach the campaign."""

from __future__ import annotations

import faulthandler
import logging
import os
import resource
import shutil
import signal
import traceback
import warnings
from collections.abc import Iterable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from tests.campaigns.fuzzing.inputs import input_of
from tests.campaigns.fuzzing.outcome import Ended, Outcome
from tests.campaigns.fuzzing.target import Target

MEMORY_BYTES = 8 * 2**30
"""Address space. A reader that takes what a header promises, however much it is, ends here and not in the machine's swap."""
LONGEST_MESSAGE = 8000
STACKS_SIGNAL = signal.SIGUSR1


def try_inputs(
    to_parent: Connection, target: Target, seeds: Sequence[bytes], seed: int, indices: Iterable[int], scratch: Path, said: Path
) -> None:
    """Tell the parent each input's index when it begins and its Ended when it ends. What libraries print goes to `said`."""
    _stand_apart(scratch, said)
    for index in indices:
        content = input_of(target, seeds, seed, index)
        to_parent.send(index)
        to_parent.send(tried(target, content, index, scratch / "input"))
    to_parent.send(None)


def tried(target: Target, content: bytes, index: int, folder: Path) -> Ended:
    """Try one input in `folder`, which is made and removed."""
    folder.mkdir()
    start = perf_counter()
    try:
        target.attempt(content, folder)
        outcome, text, place = Outcome.ACCEPTED, "", ""
    except target.refusals as error:
        text = str(error)
        wrong = unclear(text, folder)
        outcome, place = (Outcome.UNCLEAR, f"{wrong}: {type(error).__name__}") if wrong else (Outcome.REFUSED, "")
    except BaseException as error:  # noqa: BLE001  # whatever else is raised is what is looked for
        outcome, text, place = Outcome.TRACEBACK, traceback.format_exc(), _place(error)
    took_s = perf_counter() - start
    shutil.rmtree(folder)
    return Ended(index, outcome, took_s, text, place)


def unclear(text: str, folder: Path) -> str:
    """What is wrong with a message, "" for nothing."""
    if str(folder) not in text:
        return "does not name the file"
    if len(text) > LONGEST_MESSAGE:
        return f"has {len(text)} characters"
    if strange := sorted({letter for letter in text if not letter.isprintable() and letter not in "\n\t"}):
        return f"holds {strange[0]!a}, which a terminal may obey"
    return ""


def _stand_apart(scratch: Path, said: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir(scratch)
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    faulthandler.enable(file)
    faulthandler.register(STACKS_SIGNAL, file)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the campaign's
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def _place(error: BaseException) -> str:
    """The kind of error and where it was raised, ours before a library's."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename and "/lib/python" not in frame.filename]
    last = (ours or frames)[-1] if frames else None
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.name}" if last else type(error).__name__
