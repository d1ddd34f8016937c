from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.acceptance import (
    QUANTISED,
    SAME,
    accept,
    acceptance_from,
    open_reference,
    reference_frames,
    strictness_of,
)  # fmt: skip
from engines.contract import InferenceFailed, ModelCorrupt, Tensor
from engines.fake import FakeEngine
from engines.manifest import FILE_NAME, Manifest, load_manifest
from tests.engines.onnx_models import model_bytes, model_in, sealed_in

pytest.importorskip("onnx", reason="the models under test are made with onnx, which only export needs")


def counting(logits: Tensor, manifest: Manifest) -> Mapping[str, int]:
    if not np.isfinite(logits).all():
        raise InferenceFailed("the model gave values that are not finite")
    return {"rbc": int((logits[:, 0] > 0.99).sum())}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sealed_in(model_in(tmp_path / "tiny", model_bytes(2)), counting)


def changed(folder: Path, change: Any) -> FakeEngine:
    """The reference with something done to its logits."""
    reference = open_reference(folder, load_manifest(folder), 1)
    return FakeEngine(lambda tensor: change(np.array(reference.run(tensor))), 2)


def examined(folder: Path, change: Any, **asked: Any) -> Any:
    manifest = load_manifest(folder)
    with open_reference(folder, manifest, 1) as reference, changed(folder, change) as engine:
        return accept(engine, reference, manifest, reference_frames(folder, manifest), counting, **asked)


def test_the_same_engine_is_accepted(folder: Path) -> None:
    result = examined(folder, lambda logits: logits)
    assert result.passed
    assert result.counts == result.reference_counts == load_manifest(folder).reference.counts  # type: ignore[union-attr]
    assert (result.equal_percent, result.worst_logit) == (100.0, 0.0)
    cells = sum(counts["rbc"] for counts in result.counts)
    assert result.text == f"accepted on 2 reference frames: {cells} cells, 100.000 % equal labels"


def test_rounding_is_accepted_and_told(folder: Path) -> None:
    result = examined(folder, lambda logits: logits * np.float32(1.00001))
    assert result.passed
    assert 5e-6 < result.worst_logit < 2e-5


def test_one_cell_more_is_refused(folder: Path) -> None:
    def one_more(logits: np.ndarray) -> np.ndarray:
        logits[0, 0, 0, 0] = 1.0 if logits[0, 0, 0, 0] <= 0.99 else 0.0
        return logits

    result = examined(folder, one_more)
    assert not result.passed
    found, wanted = result.counts[0]["rbc"], result.reference_counts[0]["rbc"]
    assert f"frame 0 has {found} rbc instead of {wanted}" in result.text
    assert examined(folder, one_more, strictness=QUANTISED).passed  # 5 % of some forty cells


def test_labels_that_differ_under_the_same_counts_are_refused(folder: Path) -> None:
    def other_channel(logits: np.ndarray) -> np.ndarray:
        logits[:, 1] -= 1.0
        return logits

    result = examined(folder, other_channel)
    assert result.counts == result.reference_counts
    assert not result.passed
    assert "% of the labels are the reference's, at least 99.9 % must be" in result.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda logits: logits * np.float32(np.nan), "not finite"),
        (lambda logits: logits[:, :, ::2], r"it gives \(1, 2, 32, 64\) instead of"),
    ],
)
def test_what_is_no_answer_is_refused(folder: Path, change: Any, said: str) -> None:
    import re

    result = examined(folder, change)
    assert not result.passed
    assert re.search(said, result.text)


def test_an_engine_that_fails_is_refused_not_raised(folder: Path) -> None:
    def fail(logits: np.ndarray) -> np.ndarray:
        raise InferenceFailed("CUDA failed: an illegal memory access")

    result = examined(folder, fail)
    assert result.text == "refused: frame 0: CUDA failed: an illegal memory access"


def test_a_reference_that_counts_otherwise_than_when_sealed_is_no_reference(folder: Path) -> None:
    text = (folder / FILE_NAME).read_text()
    count = load_manifest(folder).reference.counts[0]["rbc"]  # type: ignore[union-attr]
    (folder / FILE_NAME).write_text(text.replace(f"rbc: {count}\n", f"rbc: {count + 1}\n", 1))
    result = examined(folder, lambda logits: logits)
    assert "onnxruntime itself counts frame 0 otherwise than when it was sealed" in result.text


def test_it_comes_back_from_json_only_for_the_same_frames(folder: Path) -> None:
    reference = load_manifest(folder).reference
    result = examined(folder, lambda logits: logits)
    stored = json.loads(json.dumps(result.as_json()))
    assert acceptance_from(stored, reference) == result
    assert acceptance_from(stored, None) is None
    assert acceptance_from(None, reference) is None
    assert acceptance_from({**stored, "passed": None}, reference) is None
    assert acceptance_from({**stored, "reference_sha256": "0" * 64}, reference) is None


def test_strictness_goes_with_the_precision() -> None:
    assert (strictness_of("fp16"), strictness_of("int8"), strictness_of("int8-symmetric")) == (SAME, QUANTISED, QUANTISED)
    assert not SAME.allows(19, 20)
    assert QUANTISED.allows(19, 20)
    assert not QUANTISED.allows(18, 20)
    assert not QUANTISED.allows(1, 0)


class TestFrames:
    def test_none_names_the_cure(self, tmp_path: Path) -> None:
        folder = model_in(tmp_path / "bare", model_bytes(2))
        with pytest.raises(ModelCorrupt, match="hemocam export seal"):
            reference_frames(folder, load_manifest(folder))

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x93NUMPY"])
    def test_what_is_no_archive(self, folder: Path, content: bytes) -> None:
        with pytest.raises(ModelCorrupt, match=r"reference\.npz"):
            reference_frames(folder, self._resealed(folder, content))

    @pytest.mark.parametrize("frame", [np.zeros((8, 8, 3), np.uint8), np.zeros((1, 8, 8, 3), np.float32), np.zeros(3, object)])
    def test_what_is_no_frame(self, folder: Path, frame: np.ndarray) -> None:
        import io

        packed = io.BytesIO()
        np.savez(packed, frame0=frame, frame1=frame)
        with pytest.raises(ModelCorrupt, match=r"reference\.npz"):
            reference_frames(folder, self._resealed(folder, packed.getvalue()))

    def _resealed(self, folder: Path, content: bytes) -> Manifest:
        import hashlib

        (folder / "reference.npz").write_bytes(content)
        manifest = load_manifest(folder)
        assert manifest.reference is not None
        sha256 = hashlib.sha256(content).hexdigest()
        return manifest.model_copy(update={"reference": manifest.reference.model_copy(update={"sha256": sha256})})
