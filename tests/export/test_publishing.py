# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch", reason="publishing needs PyTorch: pip install hemocam[export]")
for name in ("onnx", "scipy", "sympy"):
    pytest.importorskip(name, reason=f"publishing needs {name}: pip install hemocam[export]")

from engines.decode import decode
from engines.manifest import FILE_NAME, load_manifest
from engines.opening import Runtime, open_model
from engines.prepare import prepare
from export import publishing
from export.datasets.sample import DatasetError
from export.evaluate import Question
from export.publishing import MARGIN_PX, PublishingError, publish_model
from export.training.field_recipe import FieldRecipe
from export.training.targets import CHANNELS
from tests.export.networks import WIDTHS, network
from tests.export.training.test_recipe import recipe as content

RECIPES = Path(__file__).parents[2] / "export" / "recipes"
RECIPE = FieldRecipe.model_validate(content(widths=WIDTHS, cell_diameter_px=12.0))


def figures(split: str, accuracy: float) -> list[dict[str, object]]:
    return [
        {"data": "chula", "split": split, "cell_class": "rbc", "method": "centres", "fields": 3, "count_accuracy": accuracy}
    ]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Count accuracies on `val` by runtime, to be changed by a test."""
    by_runtime = {"cpu-fp32": 90.0, "cpu-int8": 89.8}

    def accuracy(folder: Path, runtime: Runtime, data: Path, splits: tuple[str, ...]) -> list[dict[str, object]]:
        open_model(str(folder), runtime, 1)
        return [row for split in splits for row in figures(split, by_runtime[runtime.value] if split == "val" else 80.0)]

    monkeypatch.setattr(publishing, "_accuracy", accuracy)
    monkeypatch.setattr(publishing, "_calibrated", lambda *_: {})  # there is no labelled field: see test_calibration.py
    # A network that learnt nothing has no field to be sealed with.
    monkeypatch.setattr(publishing, "seal_with_half", lambda folder: None)
    return by_runtime


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """The weights of a run."""
    weights = tmp_path / "runs" / "tiny" / "weights.pt"
    weights.parent.mkdir(parents=True)
    torch.save(network(channels=len(CHANNELS)).state_dict(), weights)
    return weights


def publish(trained: Path, manifest: Path = RECIPES / "field.manifest.yaml") -> Path:
    models = trained.parents[2] / "models"
    return publish_model(RECIPE, trained, manifest, trained.parents[2], models / "tiny")


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_what_is_published_opens_and_says_what_the_network_says(trained: Path, measured: dict[str, float]) -> None:
    folder = publish(trained)
    assert names(folder) == [FILE_NAME, "model-fp32.onnx", "model-int8.onnx"]
    assert names(folder.parent) == ["tiny"], "nothing lies beside it"
    manifest = load_manifest(folder)
    assert (manifest.name, manifest.recipe, manifest.seed, manifest.licence, manifest.data) == (
        "tiny",
        "tiny.yaml",
        3,
        "MIT",
        ("simulated",),
    )
    assert manifest.channels == CHANNELS
    assert manifest.parameters == sum(one.numel() for one in network(channels=len(CHANNELS)).parameters())
    assert (manifest.preparation.cell_diameter_px, manifest.preparation.multiple_px) == (12.0, 4)
    for file in manifest.files:
        assert hashlib.sha256((folder / file.file).read_bytes()).hexdigest() == file.sha256
    pixels = np.random.default_rng(0).integers(100, 230, (60, 50, 3), dtype=np.uint8)
    prepared = prepare(pixels, 12.0, manifest.preparing())
    opened = open_model(str(folder), Runtime.CPU_FP32, 1)
    maps = decode(opened.engine.run(prepared.tensor), prepared, manifest.channels)
    with torch.inference_mode():
        logits = network(channels=len(CHANNELS))(torch.from_numpy(prepared.tensor).permute(0, 3, 1, 2).float() / 255.0)
    assert maps["rbc"] == pytest.approx(
        torch.sigmoid(logits)[0, 0, MARGIN_PX : MARGIN_PX + 60, MARGIN_PX : MARGIN_PX + 50].numpy(), abs=1e-4
    )


@pytest.mark.parametrize(("int8", "first"), [(89.8, "int8"), (89.5, "int8"), (89.4, "fp32"), (95.0, "int8")])
def test_val_decides_which_file_comes_first(trained: Path, measured: dict[str, float], int8: float, first: str) -> None:
    measured["cpu-int8"] = int8
    manifest = load_manifest(publish(trained))
    assert manifest.files[0].precision == first
    assert {file.precision for file in manifest.files} == {"fp32", "int8"}
    assert [(row.split, row.count_accuracy) for row in manifest.accuracy] == [
        ("val", int8 if first == "int8" else 90.0), ("test", 80.0), ("bench", 80.0),
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [0.01, float("nan")])
def test_a_file_that_differs_from_the_network_is_not_published(
    trained: Path, measured: dict[str, float], monkeypatch: pytest.MonkeyPatch, wrong: float
) -> None:
    real = publishing.to_onnx

    def off(made: torch.nn.Module, multiple_px: int) -> bytes:
        other = network(channels=len(CHANNELS))
        with torch.no_grad():
            other.head.bias += wrong
        return real(other, multiple_px)

    monkeypatch.setattr(publishing, "to_onnx", off)
    with pytest.raises(PublishingError, match="nothing was published"):
        publish(trained)
    assert not (trained.parents[2] / "models").exists()


@pytest.mark.parametrize("error", [DatasetError("index.csv is gone"), KeyboardInterrupt()])
def test_a_model_that_could_not_be_measured_leaves_the_old_one(
    trained: Path, measured: dict[str, float], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    folder = publish(trained)
    before = {one.name: one.read_bytes() for one in folder.iterdir()}
    torch.save(network(1, len(CHANNELS)).state_dict(), trained)

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(publishing, "_accuracy", fail)
    with pytest.raises(type(error)):
        publish(trained)
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before
    assert names(folder.parent) == ["tiny"]


def test_a_new_model_takes_the_old_ones_place(trained: Path, measured: dict[str, float]) -> None:
    before = load_manifest(publish(trained)).file_of("fp32").sha256
    torch.save(network(1, len(CHANNELS)).state_dict(), trained)
    folder = publish(trained)
    assert load_manifest(folder).file_of("fp32").sha256 != before
    assert open_model(str(folder), threads=1).manifest.name == "tiny"
    assert names(folder.parent) == ["tiny"]


@pytest.mark.parametrize("weights", [b"", b"no weights", None])
def test_what_are_no_weights_is_refused(trained: Path, measured: dict[str, float], weights: bytes | None) -> None:
    if weights is None:
        torch.save({"other": torch.zeros(2)}, trained)
    else:
        trained.write_bytes(weights)
    with pytest.raises(PublishingError, match=r"weights\.pt"):
        publish(trained)
    assert not (trained.parents[2] / "models").exists()


@pytest.mark.parametrize("change", [{"version": None}, {"mood": "good"}, {"decoding": {"rbc": {"method": "guess"}}}])
def test_a_manifest_that_makes_no_manifest_is_refused(
    trained: Path, measured: dict[str, float], change: dict[str, object]
) -> None:
    fixed = yaml.safe_load((RECIPES / "field.manifest.yaml").read_text(encoding="utf-8")) | change
    manifest = trained.parent / "tiny.manifest.yaml"
    manifest.write_text(yaml.safe_dump(fixed), encoding="utf-8")
    with pytest.raises(PublishingError, match=r"tiny\.manifest\.yaml"):
        publish(trained, manifest)
    assert names(trained.parents[2] / "models") == []


@pytest.mark.parametrize("text", ["", "- a", "a: ["])
def test_a_manifest_that_is_no_mapping_is_refused(trained: Path, measured: dict[str, float], text: str) -> None:
    manifest = trained.parent / "tiny.manifest.yaml"
    manifest.write_text(text, encoding="utf-8")
    with pytest.raises(PublishingError, match=r"tiny\.manifest\.yaml"):
        publish(trained, manifest)


def test_the_last_step_adds_frames_and_an_fp16_file_that_counts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the shipped model, as it was before this step."""
    import shutil

    from engines.model_names import MODELS
    from export.model_folder import write_manifest

    folder = shutil.copytree(MODELS / "field", tmp_path / "field")
    manifest = load_manifest(folder)
    assert manifest.reference is not None
    bare = {"files": tuple(file for file in manifest.files if file.precision != "fp16"), "reference": None}
    write_manifest(folder, manifest.model_copy(update=bare))
    (folder / "model-fp16.onnx").unlink()

    def seal(folder: Path) -> None:
        """The shipped frames again: choosing them has tests of its own, and takes seconds."""
        write_manifest(folder, manifest.model_copy(update={**bare, "reference": manifest.reference}))

    monkeypatch.setattr(publishing, "seal", seal)
    publishing.seal_with_half(folder)
    made = load_manifest(folder)
    assert [file.precision for file in made.files] == ["int8", "fp32", "fp16"]
    assert made == manifest, "what ships is what this step makes"

    write_manifest(folder, manifest.model_copy(update=bare))
    monkeypatch.setattr(publishing, "to_half", lambda fp32: (folder / "model-int8.onnx").read_bytes())
    with pytest.raises(PublishingError, match=r"in FP16 is refused: .*; nothing was published"):
        publishing.seal_with_half(folder)


@pytest.mark.parametrize(("corpus", "scanner", "named"), [("cbc", "", "cbc"), ("txl", "raabin", "txl-raabin")])
def test_a_question_is_of_the_microscope_that_a_recipe_may_leave_out(corpus: str, scanner: str, named: str) -> None:
    question = Question(corpus, "val", "one", lambda: np.zeros((1, 1, 3), np.uint8), {}, scanner=scanner)
    assert publishing._of(question) == named
