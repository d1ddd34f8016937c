from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.counting.logits import counts_of
from engines.acceptance import accept, open_reference, reference_frames
from engines.contract import Tensor
from engines.fake import FakeEngine
from engines.manifest import Manifest, load_manifest
from engines.model_names import MODELS

pytest.importorskip("torch", reason="export needs torch")
from export import sealing
from export.sealing import SealingError, seal
from export.steady import steady_counts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped model without its seal."""
    copy = shutil.copytree(MODELS / "field", tmp_path / "field")
    from export.model_folder import write_manifest

    write_manifest(copy, load_manifest(copy).model_copy(update={"reference": None}))
    (copy / "reference.npz").unlink()
    return copy


def test_what_is_sealed_is_what_the_fp32_file_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.steady.DISTURBED", 1)
    before = load_manifest(folder)
    done = seal(folder, 2)
    manifest = load_manifest(folder)
    assert manifest.reference is not None
    assert manifest.reference.counts == done.counts
    assert manifest.model_copy(update={"reference": None}) == before
    frames = reference_frames(folder, manifest)
    with open_reference(folder, manifest) as engine:
        assert tuple(counts_of(engine.run(frame), manifest) for frame in frames) == done.counts
    assert all(sum(counts.values()) >= sealing.LEAST_CELLS for counts in done.counts)
    assert {kind for counts in done.counts for kind, number in counts.items() if number} == {"rbc", "wbc", "plt"}


def test_a_damaged_engine_does_not_pass_the_shipped_frames() -> None:
    """Half of a field answered a little too brightly: the kind of fault that a wrong kernel makes."""
    folder = MODELS / "field"
    manifest = load_manifest(folder)

    def damaged(tensor: Tensor) -> Tensor:
        logits = np.array(reference.run(tensor), np.float32)
        logits[..., logits.shape[3] // 2 :] += 4.0
        return logits

    with open_reference(folder, manifest) as reference, FakeEngine(damaged, len(manifest.channels)) as engine:
        result = accept(engine, reference, manifest, reference_frames(folder, manifest)[:1], counts_of)
    assert not result.passed
    assert "instead of" in result.reason or "labels" in result.reason


def test_counts_that_a_disturbance_changes_are_not_sealed() -> None:
    manifest = load_manifest(MODELS / "field")
    calm = np.full((1, len(manifest.channels), 64, 64), -9.0, np.float32)
    assert steady_counts(calm, manifest) == {"rbc": 0, "wbc": 0, "plt": 0}
    on_edge = calm.copy()
    threshold = manifest.decoding["plt"].centre_threshold
    on_edge[0, manifest.channels.index("plt"), 25:32, 25:32] = 9.0
    on_edge[0, manifest.channels.index("plt_centre"), 25:32, 25:32] = np.log(threshold / (1.0 - threshold))
    assert steady_counts(on_edge, manifest) is None


def test_a_model_that_sees_nothing_is_not_sealed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LOOKED_AT", 2)
    monkeypatch.setattr(sealing, "steady_counts", lambda *_: {"rbc": 0, "wbc": 0, "plt": 0})
    with pytest.raises(SealingError, match="only 0 of 2 rendered fields have counts"):
        seal(folder)
    assert load_manifest(folder).reference is None
    assert isinstance(load_manifest(folder), Manifest)


def test_the_command_prints_the_counts_or_one_clear_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    from export.commands.seal import seal as command

    monkeypatch.setattr("export.steady.DISTURBED", 1)
    app = typer.Typer()
    app.command()(command)
    done = CliRunner().invoke(app, [str(folder), "--frames", "1"])
    assert (done.exit_code, done.stdout.count("frame 0: rbc ")) == (0, 1)
    bad = CliRunner().invoke(app, [str(tmp_path / "nothing")])
    assert bad.exit_code == 2
    assert "does not exist" in " ".join(bad.output.replace("│", " ").split())
