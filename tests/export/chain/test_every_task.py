"""From training to a count, by what each step really wrote: one recipe of each task."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")
pytest.importorskip("onnx", reason="the chain needs ONNX: pip install hemocam[export]")

from edge.cli import app
from engines.manifest import load_any_manifest, load_manifest
from export.cli import app as export_app
from export.frames import rendered
from export.training.training import train
from tests.export.chain import trained
from tests.export.training import tiny


def exported(run: Path, out: Path) -> Path:
    done = CliRunner().invoke(export_app, ["run", str(run), "--out", str(out), "--most", "2"])
    assert done.exit_code == 0, done.output
    return out


def counted(model: Path, folder: Path) -> dict[str, int]:
    """What `hemocam count` sees in a rendered field."""
    picture = folder / "field.png"
    cv2.imwrite(str(picture), rendered(10)[0][..., ::-1])
    done = CliRunner().invoke(app, ["count", str(picture), "--json", "--model", str(model), "--cell-diameter-px", "40"])
    assert done.exit_code == 0, done.output
    counts: dict[str, int] = json.loads(done.stdout)["counts"]
    return counts


def test_a_segmentation_run_counts(tmp_path: Path) -> None:
    model = exported(trained.run_folder(tmp_path / "run", "unet", 4, 100), tmp_path / "model")
    assert counted(model, tmp_path)["rbc"] > 3


def test_a_run_at_a_fixed_side_and_behind_filters_counts(tmp_path: Path) -> None:
    run = trained.run_folder(
        tmp_path / "run", "unet", 4, 100, cell_diameter_px=None, crop_px=None, side_px=160, filters=["wiener", "laplace"]
    )
    model = exported(run, tmp_path / "model")
    preparing = load_manifest(model).preparing()
    # 20 px in 320 x 240 px is 10 x 13 in a square of 160.
    assert 9.0 < preparing.cell_diameter_px < 13.0
    assert preparing.filters == ("wiener", "laplace")
    assert preparing.most_gain == 1.0, "its pictures were not balanced"
    assert counted(model, tmp_path)["rbc"] > 3


def test_an_adversarial_run_counts(tmp_path: Path) -> None:
    model = exported(trained.adversarial_run(tmp_path / "run", 60), tmp_path / "model")
    assert set(counted(model, tmp_path)) == {"rbc"}


def test_the_houses_own_run_counts(tmp_path: Path) -> None:
    model = exported(trained.field_run(tmp_path / "run", 240), tmp_path / "model")
    assert set(counted(model, tmp_path)) == {"rbc", "wbc", "plt"}


def test_a_classifiers_run_ends_as_a_model(tmp_path: Path) -> None:
    recipe = tiny.classification(masked=False)
    train(recipe, tiny.crops(tmp_path), tmp_path / "run", workers=0)
    manifest = load_any_manifest(exported(tmp_path / "run", tmp_path / "model"))
    assert getattr(manifest, "classes", ()) == ("dark", "pale")
