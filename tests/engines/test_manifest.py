from __future__ import annotations

import copy
import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engines.contract import ManifestInvalid, ModelCorrupt
from engines.manifest import (
    FILE_NAME,
    LARGEST_BYTES,
    ClassifierManifest,
    Manifest,
    Tiling,
    checked_bytes,
    load_any_manifest,
    load_manifest,
)
from engines.prepare import Preparation
from tests.engines.onnx_models import manifest


def loaded(folder: Path, content: object) -> Manifest:
    (folder / FILE_NAME).write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_manifest(folder)


def changed(path: str, value: object) -> dict[str, Any]:
    """The valid manifest with another value at `path`, its keys joined by dots; None takes the key away."""
    content = copy.deepcopy(manifest(b"model"))
    *way, last = path.split(".")
    at: Any = content
    for key in way:
        at = at[int(key)] if isinstance(at, list) else at[key]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return content


def test_a_valid_manifest(tmp_path: Path) -> None:
    found = loaded(tmp_path, manifest(b"model"))
    assert found.name == "tiny"
    assert found.channels == ("rbc", "wbc")
    assert found.preparing() == Preparation(20.0, 95.0, 235, 4.0, 8)
    assert found.decoding["rbc"].outline_threshold == 0.5
    assert found.accuracy == ()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", None), ("name", "Not A Name"), ("files", []), ("files", None), ("channels", []), ("channels", ["rbc", "rbc"]),
        ("channels", ["rbc", "nuclei"]), ("parameters", 0), ("parameters", "many"), ("colour", "red"),
        ("files.0.sha256", "abc"), ("files.0.sha256", "G" * 64), ("files.0.precision", "fp64"),
        ("files.0.file", "../model.onnx"),
        ("files.0.file", "a\0b"), ("files.0.file", ""), ("preparation.cell_diameter_px", 0), ("preparation.most_gain", 0.5),
        ("preparation.cell_diameter_px", float("inf")), ("preparation.cell_diameter_px", float("nan")),
        ("preparation.white_level", 256), ("preparation.white_percentile", 101), ("preparation.multiple_px", 0),
        ("preparation.gamma", 2.2), ("decoding.rbc.method", "guessing"), ("decoding.rbc.foreground_threshold", 1),
        ("decoding.rbc.min_area_ratio", 0), ("decoding.rbc.diameter_ratio", None), ("decoding.eos", {}),
        ("research_only", "perhaps"), ("data", "simulated"),
        # What python -m tests.campaigns fuzz found: sizes that no computer holds.
        ("preparation.multiple_px", 2**63), ("preparation.cell_diameter_px", 1e300), ("preparation.most_gain", 1e300),
        ("decoding.rbc.diameter_ratio", 1e300), ("decoding.rbc.diameter_ratio", 1e-300),
    ],
)  # fmt: skip
def test_a_broken_manifest_is_refused_by_file_and_key(tmp_path: Path, path: str, value: object) -> None:
    with pytest.raises(ManifestInvalid) as caught:
        loaded(tmp_path, changed(path, value))
    assert str(tmp_path / FILE_NAME) in str(caught.value)
    assert path in str(caught.value)


def test_a_class_that_no_channel_gives_is_refused(tmp_path: Path) -> None:
    decoding = manifest()["decoding"]
    with pytest.raises(ManifestInvalid, match="decoding names plt"):
        loaded(tmp_path, manifest(decoding={**decoding, "plt": decoding["rbc"]}))


def test_a_method_without_its_channel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="counts rbc by centres, which channels do not give"):
        loaded(tmp_path, changed("decoding.rbc.method", "centres"))
    manifest_with_centres = changed("decoding.rbc.method", "centres")
    manifest_with_centres["channels"] = ["rbc", "wbc", "rbc_centre"]
    assert loaded(tmp_path, manifest_with_centres).decoding["rbc"].method == "centres"


def test_a_file_of_something_else_does_not_fill_the_screen(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match=r"and 375 more$") as caught:
        loaded(tmp_path, {**manifest(b"model"), **{f"key{number}": 1 for number in range(400)}})
    assert len(str(caught.value)) < 4000


def test_a_file_too_large_for_a_manifest_is_not_read(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("[" * (LARGEST_BYTES + 1))
    with pytest.raises(ManifestInvalid, match="at most 1000000"):
        load_manifest(tmp_path)


def test_every_wrong_key_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match=r"seed: .*; parameters: "):
        loaded(tmp_path, manifest(seed="x", parameters=-1))


NO_CARDS = (
    "", "- a\n- b", "just words", "[", "a: b: c", "\tname: x", "when: 2026-13-45", "x: !!int ''", "x: !!timestamp soon",
    "x: 0x_", "&a [*a]", "? [1]\n: 2", "[" * 2000,
)  # fmt: skip


@pytest.mark.parametrize("content", NO_CARDS, ids=lambda text: repr(text[:20]))
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content, encoding="utf-8")
    with pytest.raises(ManifestInvalid, match="manifest"):
        load_manifest(tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ManifestInvalid, match="cannot be read"):
        load_manifest(tmp_path)


def test_a_missing_manifest_says_what_a_model_is(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match=r"does not exist; a model is a folder with a manifest\.yaml"):
        load_manifest(tmp_path)


def test_a_folder_in_the_manifests_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(ManifestInvalid, match="cannot be read"):
        load_manifest(tmp_path)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_manifest_or_invalid(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(ManifestInvalid):
        load_manifest(tmp_path)


paths = st.sampled_from([
    *manifest(), "files.0.file", "files.0.sha256", "files.0.precision",
    *(f"preparation.{key}" for key in manifest()["preparation"]),
    *(f"decoding.rbc.{key}" for key in manifest()["decoding"]["rbc"]),
])  # fmt: skip
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


@given(paths, values)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_anywhere_is_a_manifest_or_invalid(tmp_path: Path, path: str, value: object) -> None:
    try:
        found = loaded(tmp_path, changed(path, value))
    except ManifestInvalid as error:
        assert FILE_NAME in str(error)
    else:
        assert isinstance(found, Manifest)
        assert found.preparing().cell_diameter_px < float("inf")


def test_files_by_precision(tmp_path: Path) -> None:
    first = {"file": "a.onnx", "sha256": "0" * 64, "precision": "int8"}
    found = loaded(tmp_path, manifest(files=[first, {**first, "file": "b.onnx", "precision": "fp32"}]))
    assert [found.file_of(precision).file for precision in (None, "int8", "fp32")] == ["a.onnx", "a.onnx", "b.onnx"]
    only = loaded(tmp_path, manifest(files=[first]))
    with pytest.raises(ManifestInvalid, match="tiny has no fp32 file; it has int8"):
        only.file_of("fp32")


def test_bytes_are_given_only_with_the_manifests_hash(tmp_path: Path) -> None:
    file = loaded(tmp_path, manifest(b"model")).files[0]
    with pytest.raises(ModelCorrupt, match=r"model\.onnx cannot be read"):
        checked_bytes(tmp_path, file)
    (tmp_path / "model.onnx").write_bytes(b"model")
    assert checked_bytes(tmp_path, file) == b"model"
    (tmp_path / "model.onnx").write_bytes(b"models")
    with pytest.raises(ModelCorrupt, match=r"model\.onnx has sha256 .*install hemocam again"):
        checked_bytes(tmp_path, file)


def classifier_manifest() -> dict[str, Any]:
    content = {k: v for k, v in manifest(b"model").items() if k not in ("channels", "preparation", "decoding", "accuracy")}
    return {**content, "task": "classification", "classes": ["normal", "target"], "side_px": 80}


def test_a_classifiers_manifest_names_its_classes(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(yaml.safe_dump(classifier_manifest()), encoding="utf-8")
    found = load_any_manifest(tmp_path)
    assert isinstance(found, ClassifierManifest)
    assert (found.classes, found.side_px) == (("normal", "target"), 80)


def test_a_classifier_cannot_count(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="names single cells; counting needs a model of task `field`"):
        loaded(tmp_path, classifier_manifest())


def grouped(**changed: object) -> ClassifierManifest:
    names = ["segmented", "band", "monocyte"]
    content = {**classifier_manifest(), "classes": names, "groups": {"neutrophil": ["segmented", "band"]}, **changed}
    return ClassifierManifest.model_validate(content)


@pytest.mark.parametrize(
    ("probabilities", "named", "sure"),
    [((0.4, 0.35, 0.25), "segmented", 0.75), ((0.1, 0.2, 0.7), "monocyte", 0.7), ((0.3, 0.25, 0.45), None, 0.55)],
)
def test_who_doubts_between_kinds_of_one_is_sure_of_the_one(
    probabilities: tuple[float, ...], named: str | None, sure: float
) -> None:
    name, probability = grouped(unsure_below=0.6).named(probabilities)
    assert (name, probability) == (named, pytest.approx(sure))


@pytest.mark.parametrize("groups", [{"a": ["segmented", "blast"]}, {"a": ["band"], "b": ["band"]}])
def test_groups_are_of_classes_each_once(groups: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError, match="groups must name classes"):
        grouped(groups=groups)


@pytest.mark.parametrize("prior", [{"blast": 0.5}, {"band": 0.0}, {"band": -1.0}])
def test_a_prior_is_of_a_class_and_above_nothing(prior: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="prior must give classes"):
        grouped(prior=prior)


@pytest.mark.parametrize("classes", [["one"], ["one", "one"]])
def test_a_classifiers_classes_differ(tmp_path: Path, classes: list[str]) -> None:
    (tmp_path / FILE_NAME).write_text(yaml.safe_dump({**classifier_manifest(), "classes": classes}), encoding="utf-8")
    with pytest.raises(ManifestInvalid, match="classes: "):
        load_any_manifest(tmp_path)


def test_what_was_brought_in_knows_no_recipe(tmp_path: Path) -> None:
    content = {key: value for key, value in manifest(b"model").items() if key not in ("seed", "recipe")}
    found = loaded(tmp_path, content)
    assert (found.seed, found.recipe) == (None, None)


def test_tiles_overlap_by_less_than_themselves(tmp_path: Path) -> None:
    found = loaded(tmp_path, {**manifest(b"model"), "tiling": {"side_px": 188, "context_px": 44, "unpadded": True}})
    assert found.tiling == Tiling(side_px=188, context_px=44, unpadded=True)
    with pytest.raises(ManifestInvalid, match="side_px must be larger than twice context_px"):
        loaded(tmp_path, {**manifest(b"model"), "tiling": {"side_px": 88, "context_px": 44}})


def test_reference_frames_are_sealed_by_their_hash(tmp_path: Path) -> None:
    sealed = {"file": "reference.npz", "sha256": hashlib.sha256(b"frames").hexdigest(), "counts": [{"rbc": 7}]}
    found = loaded(tmp_path, {**manifest(b"model"), "reference": sealed})
    assert found.reference is not None
    (tmp_path / "reference.npz").write_bytes(b"frames")
    assert checked_bytes(tmp_path, found.reference) == b"frames"
    (tmp_path / "reference.npz").write_bytes(b"other frames")
    with pytest.raises(ModelCorrupt, match=r"reference\.npz has sha256"):
        checked_bytes(tmp_path, found.reference)
