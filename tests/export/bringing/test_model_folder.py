# what is imported further down needs a package that may not be installed
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="bringing needs PyTorch: pip install hemocam[export]")
pytest.importorskip("onnx", reason="bringing needs ONNX: pip install hemocam[export]")

from engines.decode import decode
from engines.manifest import FILE_NAME, ClassifierManifest, Manifest, Tiling, load_any_manifest
from engines.opening import Runtime, open_model
from engines.prepare import prepare
from export.bringing import BringingSpec, Brought, ConversionError, bring, write_model_folder
from export.bringing.model_folder import ManifestFacts
from export.bringing.spec import Sides
from tests.export.bringing.networks import Blocks, trained
from tests.export.bringing.sources import FIELD, to_onnx_file

ANY = Sides(8)
CLASSES = BringingSpec(classes=("round", "sickle"), side_px=80)


def brought(sides: Sides = ANY, labels: tuple[str, ...] = ("rbc", "rbc_outline"), content: bytes = b"onnx") -> Brought:
    return Brought(content, "ONNX", 12, sides, labels, "0" * 64, 0.0)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_what_was_brought_opens_and_sees(tmp_path: Path) -> None:
    made = bring(to_onnx_file(trained(Blocks()), tmp_path / "net.onnx"), FIELD)
    folder = write_model_folder(tmp_path / "models" / "mine", made, FIELD, ManifestFacts("mine"))
    assert names(folder.parent) == ["mine"]
    assert names(folder) == [FILE_NAME, "model-fp32.onnx"]
    opened = open_model(str(folder), Runtime.CPU_FP32, 1)
    pixels = np.random.default_rng(0).integers(100, 230, (50, 60, 3), dtype=np.uint8)
    prepared = prepare(pixels, 30.0, opened.manifest.preparing())
    assert np.array_equal(prepared.tensor[0, :50, :60], pixels), "a lab's network sees pictures as they are"
    maps = decode(opened.engine.run(prepared.tensor), prepared, opened.manifest.channels)
    assert maps["rbc_outline"].shape == (50, 60)


def test_the_manifest_of_a_field_network(tmp_path: Path) -> None:
    manifest = load_any_manifest(
        write_model_folder(tmp_path / "mine", brought(), FIELD, ManifestFacts("mine", "MIT", white_balance=True))
    )
    assert isinstance(manifest, Manifest)
    assert (manifest.licence, manifest.channels, manifest.tiling, manifest.seed) == ("MIT", ("rbc", "rbc_outline"), None, None)
    assert (manifest.preparation.multiple_px, manifest.preparation.cell_diameter_px, manifest.preparation.most_gain) == (
        8,
        30.0,
        4.0,
    )
    assert manifest.decoding["rbc"].method == "watershed"
    centres = brought(labels=("rbc", "rbc_centre"))
    spec = replace(FIELD, channels=("rbc", "rbc_centre"))
    manifest = load_any_manifest(write_model_folder(tmp_path / "mine", centres, spec, ManifestFacts("mine")))
    assert isinstance(manifest, Manifest)
    assert manifest.decoding["rbc"].method == "centres"


def test_a_network_of_one_size_is_tiled(tmp_path: Path) -> None:
    manifest = load_any_manifest(
        write_model_folder(tmp_path / "mine", brought(Sides(1, 188, 44, True)), FIELD, ManifestFacts("mine"))
    )
    assert isinstance(manifest, Manifest)
    assert manifest.tiling == Tiling(side_px=188, context_px=44, unpadded=True)


def test_the_manifest_of_a_classifier(tmp_path: Path) -> None:
    made = brought(Sides(1, 80), ("round", "sickle"))
    manifest = load_any_manifest(
        write_model_folder(tmp_path / "mine", made, CLASSES, ManifestFacts("mine", more={"version": "7"}))
    )
    assert isinstance(manifest, ClassifierManifest)
    assert (manifest.classes, manifest.side_px, manifest.version) == (("round", "sickle"), 80, "7")


@pytest.mark.parametrize(
    ("spec", "labels", "manifest", "message"),
    [
        (FIELD, ("rbc", "cells"), ManifestFacts("mine"), "channels"),
        (FIELD, ("rbc",), ManifestFacts("My Model"), "name"),
        (FIELD, ("rbc",), ManifestFacts("mine", more={"mood": "good"}), "mood"),
        (FIELD, ("rbc",), ManifestFacts("mine", more={"decoding": {"rbc": {"method": "guess"}}}), "method"),
    ],
)
def test_what_makes_no_manifest_leaves_nothing(
    spec: BringingSpec, labels: tuple[str, ...], manifest: ManifestFacts, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConversionError, match=f"does not make a manifest: .*{message}"):
        write_model_folder(tmp_path / "models" / "mine", brought(labels=labels), spec, manifest)
    assert names(tmp_path / "models") == []


def test_a_failure_leaves_the_model_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model_folder(tmp_path / "mine", brought(), FIELD, ManifestFacts("mine"))
    before = {one.name: one.read_bytes() for one in folder.iterdir()}

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ConversionError, match="No space left"):
        write_model_folder(folder, brought(content=b"other"), FIELD, ManifestFacts("mine"))
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before
    assert names(tmp_path) == ["mine"]


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"")
    with pytest.raises(ConversionError, match="photos"):
        write_model_folder(tmp_path / "photos", brought(), FIELD, ManifestFacts("mine"))
    assert names(tmp_path / "photos") == ["a.png"]
