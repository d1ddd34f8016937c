"""Any part of a key changed changes its digest, and nothing else does."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.plan_key import Machine, PlanKey, plan_key
from engines.tensorrt.binding import wrap
from engines.tensorrt.gpu_owner import Gpu
from engines.tensorrt.options import BuildOptions, Typing
from engines.tensorrt.profiles import Profile
from tests.engines.tensorrt.builder_double import tensorrt_double

text = st.text(min_size=1, max_size=12)
number = st.integers(0, 1 << 40)
machines = st.builds(Machine, text, text, text, text, text, text, text, text, st.integers(1, 99))
keys = st.builds(
    PlanKey, text, machines, text, text, text, number, st.none() | number, st.none() | number, st.booleans(), st.booleans()
)
GPU = Gpu("Orin", (8, 7), (12, 6), (12, 4, 0), True)


@given(keys, keys)
def test_two_keys_have_one_digest_only_if_they_are_equal(one: PlanKey, other: PlanKey) -> None:
    assert (one.digest == other.digest) == (one == other)
    assert len(one.digest) == 64


@given(keys, keys, st.sampled_from([each.name for each in fields(PlanKey) if each.name != "machine"]))
def test_every_part_counts(key: PlanKey, other: PlanKey, part: str) -> None:
    changed = replace(key, **{part: getattr(other, part)})
    assert (changed.digest == key.digest) == (getattr(key, part) == getattr(other, part))


@given(keys, machines, st.sampled_from([each.name for each in fields(Machine)]))
def test_every_part_of_the_machine_counts(key: PlanKey, machine: Machine, part: str) -> None:
    changed = replace(key, machine=replace(key.machine, **{part: getattr(machine, part)}))
    assert (changed.digest == key.digest) == (getattr(key.machine, part) == getattr(machine, part))


def test_none_is_not_zero() -> None:
    key = _key(BuildOptions())
    assert len({replace(key, dla_core=core).digest for core in (None, 0, 1)}) == 3


def _key(options: BuildOptions, onnx: bytes = b"onnx", gpu: Gpu = GPU, generation: str = "10.3") -> PlanKey:
    return plan_key(onnx, options, wrap(tensorrt_double(generation), "tensorrt"), gpu)


def test_a_key_says_all_that_tensorrt_md_lists() -> None:
    key = _key(BuildOptions(Profile((1, 64, 64), (1, 64, 96), (2, 128, 128)), optimisation_level=3))
    assert key.onnx_sha256 == hashlib.sha256(b"onnx").hexdigest()
    found = asdict(key.machine)
    assert found.pop("system") and found.pop("architecture")
    assert found == {
        "package": "tensorrt", "version": "10.3.0", "gpu_name": "Orin", "compute_capability": "8.7", "cuda_driver": "12.6",
        "cuda_runtime": "12.4.0", "schema": 1,
    }  # fmt: skip
    assert (key.precision, key.typing, key.profile) == ("fp16", "strong", "1x64x64..1x64x96..2x128x128")


@pytest.mark.parametrize(
    "changed",
    [
        {"onnx": b"another"},
        {"generation": "11"},
        {"gpu": Gpu("Orin", (8, 7), (12, 6), (12, 5, 0), True)},
        {"gpu": Gpu("Orin Nano", (8, 7), (12, 6), (12, 4, 0), True)},
        {"options": BuildOptions(precision="int8")},
        {"options": BuildOptions(typing=Typing.WEAK)},
        {"options": BuildOptions(profile=Profile(max=(4, 1200, 1600)))},
        {"options": BuildOptions(workspace_bytes=1)},
        {"options": BuildOptions(version_compatible=True)},
    ],
)
def test_each_change_of_a_build_is_another_plan(changed: dict[str, Any]) -> None:
    assert _key(**{"options": BuildOptions(), **changed}).digest != _key(BuildOptions()).digest


def test_a_timing_cache_makes_no_other_plan_and_typing_by_default_is_the_typing_it_gives() -> None:
    plain = _key(BuildOptions()).digest
    assert _key(BuildOptions(timing_cache=Path("timings"))).digest == plain
    assert _key(BuildOptions(typing=Typing.STRONG)).digest == plain
