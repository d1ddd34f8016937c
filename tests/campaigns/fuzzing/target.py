"""What is fuzzed: something that reads a file which may hold anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Protocol


class Target(Protocol):
    """One reader. `share` is its part of all inputs; `refusals` are the errors that a person is shown as one message."""

    @property
    def name(self) -> str: ...

    @property
    def share(self) -> float: ...

    @property
    def refusals(self) -> tuple[type[Exception], ...]: ...

    def seeds(self) -> list[bytes]:
        """Inputs to begin from, the first of which is accepted. They may differ from call to call (times, random names)."""
        ...

    def mutated(self, random: Random, seeds: Sequence[bytes]) -> bytes:
        """An input made of the seeds, the same for the same `random` and seeds."""
        ...

    def attempt(self, content: bytes, folder: Path) -> None:
        """Read the input as the program does, from a file in the empty `folder`, and use what was read.

        Raises one of `refusals` where it is no good; anything else that is raised is a finding.
        """
        ...
