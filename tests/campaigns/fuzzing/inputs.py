"""The targets, and the inputs that a seed gives for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.campaigns.fuzzing.configuration import ConfigurationTarget
from tests.campaigns.fuzzing.manifest import ManifestTarget
from tests.campaigns.fuzzing.onnx_model import OnnxTarget
from tests.campaigns.fuzzing.pictures import PicturesTarget
from tests.campaigns.fuzzing.record import RecordTarget
from tests.campaigns.fuzzing.target import Target

TARGETS: tuple[Target, ...] = (ConfigurationTarget(), ManifestTarget(), OnnxTarget(), PicturesTarget(), RecordTarget())


@dataclass(frozen=True, slots=True)
class Again:
    """One kept input of a target."""

    target: Target
    content: bytes

    @property
    def name(self) -> str:
        return self.target.name

    @property
    def share(self) -> float:
        return self.target.share

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        return self.target.refusals

    def seeds(self) -> list[bytes]:
        return [self.content]

    def mutated(self, random: Random, seeds: Sequence[bytes]) -> bytes:
        return self.content

    def attempt(self, content: bytes, folder: Path) -> None:
        self.target.attempt(content, folder)


def kept(path: Path) -> Again:
    """A finding's input: its file is named for its target. Raises KeyError where it is not, or OSError."""
    return Again({target.name: target for target in TARGETS}[path.name.partition("-")[0]], path.read_bytes())


def shares(inputs: int, targets: Sequence[Target]) -> dict[str, int]:
    """How many of the inputs each target gets: at least one, together at least `inputs`."""
    whole = sum(target.share for target in targets)
    return {target.name: max(1, -int(-inputs * target.share // whole)) for target in targets}


def input_of(target: Target, seeds: Sequence[bytes], seed: int, index: int) -> bytes:
    """Input `index` of a campaign: its first ones are the seeds themselves."""
    if index < len(seeds):
        return seeds[index]
    return target.mutated(Random(f"{seed} {target.name} {index}"), seeds)
