"""A model's plan: out of the cache or built, tested against its reference, as an engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from engines.acceptance import Acceptance, Counting, accept, acceptance_from, open_reference, reference_frames
from engines.contract import Engine, ManifestInvalid, PlanRefused
from engines.manifest import Manifest, ModelFile, checked_bytes
from engines.plan_cache import PlanCache, PlanCacheFailed, PlanKey, plan_key
from engines.tensorrt.binding import TensorRT, find_tensorrt
from engines.tensorrt.buffers import HostMemory
from engines.tensorrt.building import BuildOptions, build_plan
from engines.tensorrt.gpu_owner import describe_gpu, load_cuda
from engines.tensorrt.profiles import Profile
from engines.tensorrt.running import TensorRTEngine
from engines.tiling import over_fields

Found = TypeVar("Found")
Tell = Callable[[str], None]
Progress = Callable[[str, int, int], None]
Build = Callable[[bytes, BuildOptions, TensorRT, Progress | None], bytes]

SMALLEST_PX, USUAL_PX, LARGEST_PX = 64, (480, 640), (1536, 2048)
"""Height and width of fields at a model's own scale: 2048x1536 px hold 4,000 red cells of 28 px side by side."""
SQUARES_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Gpus:
    """What plans are built and run with; found where it is not given. `memory` None is MAPPED on an integrated GPU, which
    shares the host's memory, else COPIED."""

    trt: TensorRT = field(default_factory=find_tensorrt)
    cuda: Any = field(default_factory=load_cuda)
    cache: PlanCache = field(default_factory=PlanCache)
    build: Build = build_plan
    memory: HostMemory | None = None

    @property
    def host_memory(self) -> HostMemory:
        if self.memory is not None:
            return self.memory
        return HostMemory.MAPPED if describe_gpu(self.cuda).integrated else HostMemory.COPIED


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plan that runs. `acceptance` is None where it could not be tested: no counting was given, or no frames are sealed."""

    engine: Engine
    file: ModelFile
    key: PlanKey
    acceptance: Acceptance | None


def usual_options(manifest: Manifest) -> BuildOptions:
    """FP16 for every field size of the model, or for batches of its squares."""
    if manifest.tiling is not None:
        side = manifest.tiling.side_px
        most = (SQUARES_AT_ONCE, side, side)
        return BuildOptions(Profile((1, side, side), most, most))
    multiple = manifest.preparation.multiple_px
    smallest, *sides = (-(-size // multiple) * multiple for size in (SMALLEST_PX, *USUAL_PX, *LARGEST_PX))
    return BuildOptions(Profile((1, smallest, smallest), (1, sides[0], sides[1]), (1, sides[2], sides[3])))


def load(
    folder: Path, manifest: Manifest, counting: Counting | None, tell: Tell, *, gpus: Gpus | None = None,
    options: BuildOptions | None = None, progress: Progress | None = None, again: bool = False,
) -> Loaded:  # fmt: skip
    """The model on TensorRT. A cached plan that does not load is dropped and built again, once; a new one is tested.

    `again` builds even where a plan is cached. Raises RuntimeMissing, ManifestInvalid, ModelCorrupt, BuildFailed, PlanRefused.
    """
    return _Loading(folder, manifest, counting, tell, gpus or Gpus()).loaded(
        options or usual_options(manifest), progress, again
    )


class _DoesNotLoad(PlanRefused):
    """The plan itself, and not what it counts."""


@dataclass(frozen=True, slots=True)
class _Loading:
    """One model on its way to the GPU."""

    folder: Path
    manifest: Manifest
    counting: Counting | None
    tell: Tell
    gpus: Gpus

    def loaded(self, options: BuildOptions, progress: Progress | None, again: bool) -> Loaded:
        trt = self.gpus.trt
        options, file = self._form(options)
        onnx = checked_bytes(self.folder, file)
        key = plan_key(onnx, options, trt, describe_gpu(self.gpus.cuda))
        plan, known = (None, None) if again else self._cached(key)
        if plan is not None:
            if known is not None and not known.passed:
                raise PlanRefused(f"{self._name} was {known.text}; build it again with: hemocam engines build")
            try:
                return self._tested(self._engine(plan, file), file, key, plan, known)
            except _DoesNotLoad as error:
                self.tell(f"{error}; building it again")
                self._in_cache(lambda: self.gpus.cache.drop(key))
        self.tell(f"building {self._name}; this takes minutes, once")
        plan = self.gpus.build(onnx, options, trt, progress)
        engine = self._engine(plan, file)
        self._in_cache(lambda: self.gpus.cache.put(key, plan))
        return self._tested(engine, file, key, plan, None)

    @property
    def _name(self) -> str:
        return f"the {self.gpus.trt.name} engine of {self.manifest.name}"

    def _form(self, options: BuildOptions) -> tuple[BuildOptions, ModelFile]:
        """The model's file for this build: FP16 for a strongly typed TensorRT, else FP32 with a flag."""
        wanted = options.graph_precision(self.gpus.trt)
        try:
            return options, self.manifest.file_of(wanted)
        except ManifestInvalid:
            if wanted != "fp16":
                raise
        self.tell(f"{self.manifest.name} has no FP16 file, so its engine computes in FP32; make one with: hemocam export half")
        options = replace(options, precision="fp32")
        return options, self.manifest.file_of(options.graph_precision(self.gpus.trt))

    def _engine(self, plan: bytes, file: ModelFile) -> Engine:
        gpus = self.gpus
        try:
            engine = TensorRTEngine(plan, self._name, file.precision, trt=gpus.trt, cuda=gpus.cuda, memory=gpus.host_memory)
        except PlanRefused as error:
            raise _DoesNotLoad(str(error)) from error
        return over_fields(engine, self.manifest, SQUARES_AT_ONCE)

    def _tested(self, engine: Engine, file: ModelFile, key: PlanKey, plan: bytes, known: Acceptance | None) -> Loaded:
        """The engine where it counts like its reference, now or when it was tested; else closes it and raises PlanRefused."""
        if known is None:
            try:
                known = self._accepted(engine)
            except BaseException:
                engine.__exit__(None, None, None)
                raise
            if known is not None:
                result = known.as_json()
                self._in_cache(lambda: self.gpus.cache.record_acceptance(key, plan, result))
        if known is not None and not known.passed:
            engine.__exit__(None, None, None)
            raise PlanRefused(f"{self._name} is {known.text}")
        return Loaded(engine, file, key, known)

    def _accepted(self, engine: Engine) -> Acceptance | None:
        if self.manifest.reference is None:
            self.tell(f"{self._name} is not tested: the model has no reference frames; make some with: hemocam export seal")
            return None
        if self.counting is None:
            self.tell(f"{self._name} is not tested: nothing was given to count with")
            return None
        with over_fields(open_reference(self.folder, self.manifest), self.manifest) as reference:
            return accept(engine, reference, self.manifest, reference_frames(self.folder, self.manifest), self.counting)

    def _cached(self, key: PlanKey) -> tuple[bytes | None, Acceptance | None]:
        plan = self._in_cache(lambda: self.gpus.cache.get(key))
        entry = self._in_cache(lambda: self.gpus.cache.entry(key))
        return plan, None if entry is None else acceptance_from(entry.acceptance, self.manifest.reference)

    def _in_cache(self, ask: Callable[[], Found]) -> Found | None:
        """What the cache says; a cache that cannot be used (a full disk) only costs the next start a build."""
        try:
            return ask()
        except PlanCacheFailed as error:
            self.tell(f"{error}; the engine is not kept for the next start")
            return None
