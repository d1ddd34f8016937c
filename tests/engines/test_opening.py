from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from engines import opening
from engines.acceptance import Acceptance, accept, open_reference, reference_frames, strictness_of
from engines.classifier import open_classifier
from engines.contract import ManifestInvalid, ModelCorrupt, PlanRefused, RuntimeMissing
from engines.decode import decode
from engines.fake import FakeEngine
from engines.manifest import FILE_NAME, Manifest, load_any_manifest, load_manifest
from engines.model_names import MODELS, model_folder, model_names
from engines.onnxrt import OnnxRuntime
from engines.opening import Runtime, open_model
from engines.plan_cache import Machine, PlanKey
from engines.prepare import prepare
from engines.tensorrt.loading import Loaded
from tests.engines.onnx_models import model_bytes, model_in

FREE_DATA = {"simulated", "chula", "cbc", "txl", "pbc"}
"""What a default model may have learnt from: rendered smears, MIT and CC BY."""
SHIPPED = model_names()
COUNTERS = [name for name in SHIPPED if isinstance(load_any_manifest(MODELS / name), Manifest)]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped models: `alpha` and `field`."""
    pytest.importorskip("onnx", reason="the models under test are made with onnx, which only export needs")
    for name in ("alpha", "field"):
        model_in(tmp_path / "models" / name, model_bytes(), name=name)
    monkeypatch.setattr("engines.model_names.MODELS", tmp_path / "models")
    return tmp_path / "models"


def test_the_default_model_comes_first(models: Path) -> None:
    (models / "unfinished").mkdir()
    assert model_names() == ["field", "alpha"]


def test_a_name_or_a_folder_opens(models: Path, tmp_path: Path) -> None:
    elsewhere = model_in(tmp_path / "mine", model_bytes(), name="mine")
    assert model_folder("alpha") == models / "alpha"
    assert open_model().manifest.name == "field"
    assert open_model(str(elsewhere)).manifest.name == "mine"
    opened = open_model("alpha", threads=1)
    with opened.engine as engine:
        assert engine.run(np.zeros((1, 8, 8, 3), np.uint8)).shape == (1, 2, 8, 8)
    assert opened.file.precision == "fp32"


@pytest.mark.parametrize("name", ["nothing", "", "no/such/folder", "..", "./alpha"])
def test_an_unknown_model_lists_the_known(models: Path, name: str) -> None:
    with pytest.raises(ManifestInvalid, match="name field, alpha or a folder"):
        open_model(name)


def test_a_precision_that_is_not_there_is_refused(models: Path) -> None:
    with pytest.raises(ManifestInvalid, match="field has no int8 file; it has fp32"):
        open_model("field", Runtime.CPU_INT8)
    assert open_model("field", Runtime.CPU_FP32, 1).file.precision == "fp32"


@pytest.mark.skipif("CUDAExecutionProvider" in ort.get_available_providers(), reason="this onnxruntime has CUDA")
def test_cuda_that_is_not_there_is_missing(models: Path) -> None:
    with pytest.raises(RuntimeMissing, match="pip install onnxruntime-gpu"):
        open_model("field", Runtime.CUDA)


def test_a_wrong_number_of_channels_is_refused(models: Path) -> None:
    model_in(models / "field", model_bytes(3))
    with pytest.raises(ManifestInvalid, match="gives 3 channels, its manifest names 2"):
        open_model("field")


def test_an_output_that_is_no_field_of_maps_is_refused(models: Path) -> None:
    model_in(models / "field", model_bytes(output_rank=1))
    with pytest.raises(ModelCorrupt, match=r"model\.onnx: its input and output must have 4 dimensions"):
        open_model("field")


def test_a_changed_file_is_refused(models: Path) -> None:
    (models / "field" / "model.onnx").write_bytes(model_bytes(3))
    with pytest.raises(ModelCorrupt, match="sha256"):
        open_model("field")


def test_a_file_that_is_as_the_manifest_says_but_no_model_is_refused(models: Path) -> None:
    model_in(models / "field", b"no model at all")
    with pytest.raises(ModelCorrupt, match="no model that onnxruntime can load"):
        open_model("field")


def test_a_broken_manifest_is_refused(models: Path) -> None:
    (models / "field" / FILE_NAME).write_text("name: 3", encoding="utf-8")
    with pytest.raises(ManifestInvalid, match="field"):
        open_model("field")


class TestTensorRT:
    """The choice and its fallbacks; engines.tensorrt.loading has tests of its own."""

    def test_without_tensorrt_the_cpu_is_taken_and_the_person_told(self, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def load(*_: object, again: bool) -> Loaded:
            raise RuntimeMissing("TensorRT is not installed; pip install tensorrt")

        monkeypatch.setattr(opening, "load", load)
        monkeypatch.setattr(opening, "providers", lambda: ["CPUExecutionProvider"])
        told: list[str] = []
        opened = open_model("field", Runtime.TENSORRT, 1, tell=told.append)
        assert opened.runtime is Runtime.CPU
        assert opened.engine.runtime.startswith("onnxruntime")
        assert opened.notices == ("tensorrt is not used: TensorRT is not installed; pip install tensorrt. Taking cpu",)
        assert told == list(opened.notices)

    @pytest.mark.filterwarnings("ignore:Specified provider")
    def test_cuda_comes_between_where_onnxruntime_has_it(self, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Here its provider is only said to be there, so that it fails in its turn."""

        def load(*_: object, again: bool) -> Loaded:
            raise PlanRefused("the engine of field is refused: frame 0 has 14 rbc instead of 15")

        monkeypatch.setattr(opening, "load", load)
        monkeypatch.setattr(opening, "providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
        monkeypatch.setattr(opening, "OnnxRuntime", _without_cuda)
        opened = open_model("field", Runtime.TENSORRT, 1)
        assert opened.runtime is Runtime.CPU
        assert [notice.split(":")[0] for notice in opened.notices] == ["tensorrt is not used", "cuda is not used"]
        assert opened.notices[0].endswith("frame 0 has 14 rbc instead of 15. Taking cuda")
        assert opened.notices[1].endswith("Taking cpu")

    def test_a_broken_manifest_is_no_reason_to_fall_back(self, models: Path) -> None:
        (models / "field" / FILE_NAME).write_text("name: 3", encoding="utf-8")
        with pytest.raises(ManifestInvalid):
            open_model("field", Runtime.TENSORRT)

    def test_an_accepted_engine_is_stamped_as_such(self, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(opening, "load", lambda *_, again: Loaded(engine, manifest.files[0], key, acceptance))
        manifest = load_manifest(models / "field")
        engine = FakeEngine(lambda tensor: tensor, 2)
        key = PlanKey("", Machine("", "", "", "", "", "", "", ""), "", "", "", 0, None, None, False, False)
        acceptance = Acceptance(True, "", ({"rbc": 3},), ({"rbc": 3},), 100.0, 0.0, "", "")
        opened = open_model("field", Runtime.TENSORRT)
        assert (opened.runtime, opened.notices) == (Runtime.TENSORRT, ())
        assert opened.stamp == "fake; accepted on 1 reference frame: 3 cells, 100.000 % equal labels"
        monkeypatch.setattr(
            opening, "load", lambda *_, again: Loaded(FakeEngine(lambda one: one, 3), manifest.files[0], key, None)
        )
        told: list[str] = []
        assert open_model("field", Runtime.TENSORRT, tell=told.append).runtime is Runtime.CPU
        assert "the model gives 3 channels" in told[0]

    def test_a_model_of_squares_opens_for_any_field(self, models: Path) -> None:
        model_in(models / "field", model_bytes(), tiling={"side_px": 32, "context_px": 4})
        with open_model("field", threads=1).engine as engine:
            assert engine.run(np.zeros((1, 50, 70, 3), np.uint8)).shape == (1, 2, 50, 70)
            assert engine.runtime.endswith("squares of 32 px")


def _without_cuda(content: bytes, name: str, threads: int | None, provider: str) -> OnnxRuntime:
    if provider.startswith("CUDA"):
        raise RuntimeMissing(f"onnxruntime could not start {provider}")
    return OnnxRuntime(content, name, threads, provider)


@pytest.mark.skipif(not SHIPPED, reason="no model lies in engines/models yet: hemocam export publish makes it")
class TestShipped:
    @pytest.mark.parametrize("name", SHIPPED)
    def test_hashes_and_size(self, name: str) -> None:
        manifest = load_any_manifest(MODELS / name)
        assert manifest.name == name
        assert manifest.parameters <= 1_000_000
        for file in manifest.files:
            assert hashlib.sha256((MODELS / name / file.file).read_bytes()).hexdigest() == file.sha256

    @pytest.mark.parametrize("runtime", [Runtime.CPU, Runtime.CPU_FP32, Runtime.CPU_INT8])
    @pytest.mark.parametrize("name", COUNTERS)
    def test_it_gives_finite_maps_of_an_empty_field(self, name: str, runtime: Runtime) -> None:
        opened = open_model(name, runtime, threads=1)
        prepared = prepare(np.full((120, 100, 3), 220, np.uint8), 30.0, opened.manifest.preparing())
        with opened.engine as engine:
            maps = decode(engine.run(prepared.tensor), prepared, opened.manifest.channels)
        assert set(maps) == set(opened.manifest.channels)

    @pytest.mark.parametrize("runtime", [Runtime.CPU_FP32, Runtime.CPU_INT8])
    @pytest.mark.parametrize("name", COUNTERS)
    def test_its_sealed_frames_are_counted_as_they_were(self, name: str, runtime: Runtime) -> None:
        """By labels alone here: counting is edge's, and its test is `hemocam engines verify`'s."""
        manifest, folder = load_manifest(MODELS / name), MODELS / name
        assert (folder / manifest.reference.file).stat().st_size < 600_000  # type: ignore[union-attr]
        frames = reference_frames(folder, manifest)
        assert len({frame.shape for frame in frames}) > 1
        counts = [one for one in manifest.reference.counts for _ in range(2)]  # type: ignore[union-attr]
        sealed = iter(counts)
        with open_model(name, runtime, 2).engine as engine, open_reference(folder, manifest, 2) as reference:
            strictness = strictness_of(runtime.value.removeprefix("cpu-"))  # type: ignore[arg-type]
            result = accept(engine, reference, manifest, frames, lambda *_: next(sealed), strictness)
        assert result.passed, result.text

    @pytest.mark.parametrize("name", sorted(set(SHIPPED) - set(COUNTERS)))
    def test_a_classifier_names_any_crop(self, name: str) -> None:
        with open_classifier(name) as classifier:
            side = classifier.manifest.side_px
            crops = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), dtype=np.uint8)
            found = classifier.probabilities(crops)
        assert found.shape == (3, len(classifier.manifest.classes))
        assert found.sum(axis=1) == pytest.approx(1.0, abs=1e-5)

    def test_what_learnt_from_research_data_says_so(self) -> None:
        for name in SHIPPED:
            manifest = load_any_manifest(MODELS / name)
            assert manifest.research_only or set(manifest.data) <= FREE_DATA

    @pytest.mark.skipif("field" not in SHIPPED, reason="the default model is not published yet")
    def test_the_default_model_is_free(self) -> None:
        manifest = load_manifest(MODELS / "field")
        assert not manifest.research_only
        assert set(manifest.data) <= FREE_DATA
