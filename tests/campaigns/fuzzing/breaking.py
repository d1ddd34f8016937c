"""A reader with every fault that a campaign looks for, in a module of its own so that a child process can import it."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from random import Random
from threading import Event


class Refused(Exception):
    pass


class BreakingTarget:
    """Does what the input says."""

    name = "breaking"
    share = 1.0
    refusals: tuple[type[Exception], ...] = (Refused,)

    def __init__(self, words: Sequence[bytes]) -> None:
        self._words = list(words)

    def seeds(self) -> list[bytes]:
        return self._words

    def mutated(self, random: Random, seeds: Sequence[bytes]) -> bytes:
        return random.choice(seeds)

    def attempt(self, content: bytes, folder: Path) -> None:
        match content:
            case b"refuse":
                raise Refused(f"{folder}/x is no good")
            case b"unnamed":
                raise Refused("no good")
            case b"escape":
                raise Refused(f"{folder}/x holds \x1b[2J")
            case b"long":
                raise Refused(f"{folder}" + "x" * 10_000)
            case b"raise":
                raise KeyError("x")
            case b"leave":
                raise SystemExit(3)
            case b"abort":
                os.kill(os.getpid(), signal.SIGABRT)
            case b"native":
                ctypes.string_at(0)
            case b"hang":
                Event().wait()
            case b"print":
                os.write(1, b"said\n")
