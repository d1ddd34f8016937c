"""The right calls on each generation of TensorRT, shown on doubles that have exactly its names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.tensorrt.binding import TensorRT, wrap
from engines.tensorrt.building import (
    GIB,
    BuildFailed,
    BuildOptions,
    GraphRefused,
    OptionMissing,
    Profile,
    Typing,
    build,
    build_plan,
)
from engines.tensorrt.profiles import ProfileInvalid, one_size
from tests.engines.tensorrt.builder_double import GENERATIONS, VERSIONS, graph, tensorrt_double

FP32, FP16 = graph(), graph(types=("HALF", "FLOAT"))
INT8 = graph(quantised=True)
ALL = pytest.mark.parametrize("generation", GENERATIONS)


def trt_of(generation: str, **changed: Any) -> TensorRT:
    return wrap(tensorrt_double(generation, **changed), "tensorrt")


def made(generation: str, onnx: bytes, options: BuildOptions, **changed: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(build_plan(onnx, options, trt_of(generation, **changed)))
    return found


@pytest.mark.parametrize(
    ("generation", "onnx", "creation", "flags"),
    [
        ("8.5", FP32, ["EXPLICIT_BATCH"], ["FP16"]),
        ("8.6", FP32, ["EXPLICIT_BATCH"], ["FP16"]),
        ("10.3", FP16, ["EXPLICIT_BATCH", "STRONGLY_TYPED"], []),
        ("11", FP16, [], []),
    ],
)
def test_fp16_is_asked_for_as_each_version_wants_it(
    generation: str, onnx: bytes, creation: list[str], flags: list[str]
) -> None:
    plan = made(generation, onnx, BuildOptions())
    assert (plan["creation"], plan["flags"]) == (creation, flags)
    assert plan["WORKSPACE"] == 4 * GIB
    assert plan["profile"] == ["pixels", [1, 256, 256, 3], [1, 480, 640, 3], [2, 1200, 1600, 3]]


@pytest.mark.parametrize(("generation", "flags"), [("8.5", ["INT8"]), ("10.3", []), ("11", [])])
def test_int8_with_explicit_qdq_needs_its_flag_where_typing_is_weak(generation: str, flags: list[str]) -> None:
    assert made(generation, INT8, BuildOptions(precision="int8"))["flags"] == flags


@ALL
def test_fp32_means_fp32(generation: str) -> None:
    assert made(generation, FP32, BuildOptions(precision="fp32"))["flags"] == []


def test_weak_typing_is_the_fallback_on_10() -> None:
    plan = made("10.3", FP32, BuildOptions(typing=Typing.WEAK))
    assert (plan["creation"], plan["flags"]) == (["EXPLICIT_BATCH"], ["FP16"])


@pytest.mark.parametrize(("generation", "typing"), [("8.5", Typing.STRONG), ("8.6", Typing.STRONG), ("11", Typing.WEAK)])
def test_a_typing_that_is_not_offered_is_said(generation: str, typing: Typing) -> None:
    with pytest.raises(OptionMissing, match=VERSIONS[generation]):
        made(generation, FP32, BuildOptions(typing=typing))


@pytest.mark.parametrize(
    ("generation", "precision", "expected"),
    [
        ("8.5", "fp16", "fp32"),
        ("10.3", "fp16", "fp16"),
        ("11", "fp16", "fp16"),
        ("11", "fp32", "fp32"),
        ("8.6", "int8", "int8-symmetric"),
    ],
)
def test_which_file_of_a_model_a_build_takes(generation: str, precision: Any, expected: str) -> None:
    assert BuildOptions(precision=precision).graph_precision(trt_of(generation)) == expected


@pytest.mark.parametrize("changed", [{"version_compatible": True}, {"hardware_compatible": True}, {"optimisation_level": 4}])
def test_an_option_that_8_5_lacks_is_one_clear_error_and_works_from_8_6(changed: dict[str, Any]) -> None:
    with pytest.raises(OptionMissing, match=r"TensorRT 8\.5\.2\.2 does not offer .*leave it out"):
        made("8.5", FP32, BuildOptions(**changed))
    for generation, onnx in (("8.6", FP32), ("10.3", FP16), ("11", FP16)):
        plan = made(generation, onnx, BuildOptions(**changed))
        assert "VERSION_COMPATIBLE" in plan["flags"] or "version_compatible" not in changed
        assert plan["hardware_compatibility_level"] == ("AMPERE_PLUS" if "hardware_compatible" in changed else None)
        assert plan["builder_optimization_level"] == changed.get("optimisation_level")


def test_several_lacking_options_are_one_error() -> None:
    with pytest.raises(OptionMissing, match="version compatible plans, an optimisation level"):
        made("8.5", FP32, BuildOptions(version_compatible=True, optimisation_level=3))


def test_version_compatible_plans_take_native_instance_norm() -> None:
    trt = trt_of("8.6")
    build_plan(FP32, BuildOptions(version_compatible=True), trt)
    build_plan(FP32, BuildOptions(), trt)
    assert trt.module.calls == [("parser flag", "NATIVE_INSTANCENORM")]


@ALL
def test_dla_only_where_the_chip_has_one(generation: str) -> None:
    onnx = FP16 if generation in ("10.3", "11") else FP32
    options = BuildOptions(profile=one_size(1, 480, 640), dla_core=1)
    plan = made(generation, onnx, options, dla_cores=2)
    assert (plan["DLA_core"], plan["default_device_type"]) == (1, "DLA")
    assert "GPU_FALLBACK" in plan["flags"]
    with pytest.raises(OptionMissing, match="has no DLA core"):
        made(generation, onnx, options)
    with pytest.raises(OptionMissing, match="DLA cores 0 to 0"):
        made(generation, onnx, options, dla_cores=1)


def test_dla_takes_one_size_and_no_fp32() -> None:
    with pytest.raises(OptionMissing, match="one size only"):
        made("8.5", FP32, BuildOptions(dla_core=0), dla_cores=1)
    with pytest.raises(OptionMissing, match="FP16 and INT8"):
        made("8.5", FP32, BuildOptions(profile=one_size(1, 64, 64), dla_core=0, precision="fp32"), dla_cores=1)


@ALL
def test_too_small_a_workspace_gives_tensorrts_line_and_the_cure(generation: str) -> None:
    onnx = FP16 if generation in ("10.3", "11") else FP32
    with pytest.raises(
        BuildFailed, match=r"OutOfMemory \(Requested size was 1073758500 bytes\); give it a larger workspace than 1 GiB"
    ):
        made(generation, onnx, BuildOptions(workspace_bytes=GIB))


@ALL
def test_no_driver_is_said_with_tensorrts_line(generation: str) -> None:
    with pytest.raises(BuildFailed, match=r"CUDA initialization failure with error: 35; look at nvidia-smi"):
        made(generation, FP32, BuildOptions(), driver=False)


@ALL
def test_a_refused_node_is_named(generation: str) -> None:
    onnx = graph(refused=((7, "unpool9", "MaxUnpool", "unsupported"),))
    with pytest.raises(GraphRefused) as refused:
        made(generation, onnx, BuildOptions(precision="fp32"))
    assert "unpool9" in str(refused.value) and "MaxUnpool" in str(refused.value)
    assert "hemocam export onnx" in str(refused.value)


@ALL
def test_a_parser_without_errors_is_quoted_from_its_log(generation: str) -> None:
    with pytest.raises(GraphRefused, match="fails without an error of its own"):
        made(generation, b"silent", BuildOptions(precision="fp32"))


def test_many_refused_nodes_are_cut() -> None:
    onnx = graph(refused=tuple((i, f"node{i}", "MaxUnpool", "no") for i in range(30)))
    with pytest.raises(GraphRefused, match="and 22 more") as refused:
        made("10.3", onnx, BuildOptions(precision="fp32"))
    assert "node8'" not in str(refused.value)


@ALL
@pytest.mark.parametrize("onnx", [b"", b"no onnx"])
def test_what_is_no_onnx_is_refused(generation: str, onnx: bytes) -> None:
    with pytest.raises(GraphRefused, match="hemocam export onnx"):
        made(generation, onnx, BuildOptions(precision="fp32"))


@pytest.mark.parametrize("onnx", [graph(dtype="FLOAT"), graph(shape=(-1, -1, 3)), graph(shape=(-1, -1, -1, -1))])
def test_an_input_that_is_not_nhwc_uint8_is_refused(onnx: bytes) -> None:
    with pytest.raises(GraphRefused, match="it must be"):
        made("10.3", onnx, BuildOptions(precision="fp32"))


def test_a_size_that_the_network_fixes_must_be_the_profiles() -> None:
    fixed = graph(shape=(-1, 188, 188, 3))
    with pytest.raises(ProfileInvalid, match="takes only height 188"):
        made("10.3", fixed, BuildOptions(precision="fp32"))
    profile = Profile((1, 188, 188), (4, 188, 188), (8, 188, 188))
    assert made("10.3", fixed, BuildOptions(profile, "fp32"))["profile"][3] == [8, 188, 188, 3]


@pytest.mark.parametrize(
    ("precision", "onnx", "match"),
    [
        ("fp16", FP32, "hemocam export half"),
        ("fp32", FP16, "computes in FP16"),
        ("int8", FP32, "hemocam export int8"),
        ("fp16", INT8, "quantised"),
        ("fp32", INT8, "quantised"),
    ],
)
def test_a_graph_of_another_precision_is_refused(precision: Any, onnx: bytes, match: str) -> None:
    with pytest.raises(GraphRefused, match=match):
        made("11", onnx, BuildOptions(precision=precision))


def test_numbers_out_of_range_are_refused() -> None:
    for changed in ({"workspace_bytes": 0}, {"optimisation_level": 6}, {"optimisation_level": -1}):
        with pytest.raises(OptionMissing, match="must be"):
            made("10.3", FP16, BuildOptions(**changed))  # type: ignore[arg-type]  # one dict of two types


def test_timings_are_kept_and_used_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "timings"
    for builds in (1, 2):
        made("8.6", FP32, BuildOptions(timing_cache=path))
        assert path.read_bytes() == b"timings 8.6.1 this manifest;" + b" measured" * builds


@pytest.mark.parametrize("stale", [b"garbage", b"timings 8.6.1 another manifest; measured"])
def test_foreign_timings_are_made_anew(tmp_path: Path, stale: bytes) -> None:
    path = tmp_path / "timings"
    path.write_bytes(stale)
    made("8.6", FP32, BuildOptions(timing_cache=path))
    assert path.read_bytes() == b"timings 8.6.1 this manifest; measured"


def test_timings_that_cannot_be_written_are_said_before_the_build(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BuildFailed, match=r"timing cache .* cannot be used"):
        made("8.6", FP32, BuildOptions(timing_cache=tmp_path / "file" / "timings"))


@pytest.mark.parametrize("generation", ["10.3", "11"])
def test_progress_is_tensorrts_own_from_10_on(generation: str) -> None:
    told: list[tuple[str, int, int]] = []
    build_plan(FP16, BuildOptions(), trt_of(generation), lambda *step: told.append(step))
    assert told == [("Building engine", done, 2) for done in (0, 1, 2, 2)]


@pytest.mark.parametrize("generation", ["10.3", "11"])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, ValueError])
def test_what_progress_raises_calls_the_build_off_and_is_raised(generation: str, kind: type[BaseException]) -> None:
    told: list[int] = []

    def stop(phase: str, done: int, steps: int) -> None:
        told.append(done)
        if done == 1:
            raise kind("enough")

    with pytest.raises(kind, match="enough"):
        build_plan(FP16, BuildOptions(), trt_of(generation), stop)
    assert told == [0, 1]


def test_what_was_built_is_told() -> None:
    built = build(FP16, BuildOptions(), trt_of("10.3"))
    assert (built.layers, built.typing, built.runtime) == (2, Typing.STRONG, "TensorRT 10.3.0")


def test_an_earlier_failure_is_not_blamed_on_a_later_build() -> None:
    trt = trt_of("8.6")
    with pytest.raises(BuildFailed, match="OutOfMemory"):
        build_plan(FP32, BuildOptions(workspace_bytes=1), trt)
    with pytest.raises(BuildFailed) as later:
        build_plan(graph(types=("HALF",)), BuildOptions(precision="fp32"), trt)
    assert "OutOfMemory" not in str(later.value)


@settings(max_examples=60)
@given(
    st.sampled_from(GENERATIONS),
    st.sampled_from(["fp16", "fp32", "int8"]),
    st.sampled_from([None, *Typing]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 0, 5]),
    st.sampled_from([None, 0]),
)
def test_any_options_either_build_or_are_refused_clearly(
    generation: str,
    precision: Any,
    typing: Typing | None,
    version: bool,
    hardware: bool,
    level: int | None,
    core: int | None,
) -> None:
    """No AttributeError of a name that a version lacks, no combination that TensorRT itself would refuse."""
    trt = trt_of(generation, dla_cores=1)
    options = BuildOptions(one_size(1, 64, 64), precision, typing, 4 * GIB, core, version, hardware, level)
    try:
        file = options.graph_precision(trt)
        build_plan({"fp16": FP16, "fp32": FP32, "int8-symmetric": INT8}[file], options, trt)
    except OptionMissing:
        lacks_8_5 = generation == "8.5" and (version or hardware or level is not None)
        typed = (typing is Typing.STRONG and generation.startswith("8")) or (typing is Typing.WEAK and generation == "11")
        assert lacks_8_5 or typed or (core is not None and precision == "fp32")
