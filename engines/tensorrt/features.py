"""What an installed TensorRT can do, read from its attributes and enum members."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

RTX = "tensorrt_rtx"


@dataclass(frozen=True, slots=True)
class Features:
    """One flag for each thing that TensorRT 8.5, 8.6, 10, 11 and RTX do differently (../shared/tensorrt.md, the table)."""

    explicit_batch: bool
    """The enum has EXPLICIT_BATCH: 8 needs it set, 10 ignores it, 11 dropped it."""
    strongly_typed_flag: bool
    """The enum has STRONGLY_TYPED: 10 needs it set; 11 is always so, with the flag or without."""
    weak_fp16: bool
    """BuilderFlag.FP16: an FP32 graph, and the builder may take FP16 kernels."""
    weak_int8: bool
    version_compatible: bool
    hardware_compatible: bool
    optimisation_level: bool
    progress_monitor: bool
    timing_cache: bool
    dla: bool
    """The API knows DLA; whether the chip has one only the builder's `num_DLA_cores` says."""
    device_memory_v2: bool
    """`ICudaEngine.device_memory_size_v2`; the old name is gone in 11."""
    native_instancenorm: bool
    """OnnxParserFlag.NATIVE_INSTANCENORM, which version compatible plans need where instance norm is not native by default."""

    @property
    def strongly_typed(self) -> bool:
        """The graph's own types can decide: then it must be an FP16 graph, and no precision flag is set."""
        return self.strongly_typed_flag or not self.weak_fp16


def features_of(module: ModuleType, package: str) -> Features:
    """What `module` (a tensorrt, or a double of one) offers.

    RTX has three attributes that do nothing: its hardware_compatibility_level only logs `is unsupported in TensorRT-RTX`, its
    timing cache stays empty because kernels are chosen on the manifest, and it has no DLA.
    """
    rtx = package == RTX
    return Features(
        explicit_batch=_has(module, "NetworkDefinitionCreationFlag", "EXPLICIT_BATCH"),
        strongly_typed_flag=_has(module, "NetworkDefinitionCreationFlag", "STRONGLY_TYPED"),
        weak_fp16=_has(module, "BuilderFlag", "FP16"),
        weak_int8=_has(module, "BuilderFlag", "INT8"),
        version_compatible=_has(module, "BuilderFlag", "VERSION_COMPATIBLE"),
        hardware_compatible=not rtx
        and _has(module, "IBuilderConfig", "hardware_compatibility_level")
        and _has(module, "HardwareCompatibilityLevel", "AMPERE_PLUS"),
        optimisation_level=_has(module, "IBuilderConfig", "builder_optimization_level"),
        progress_monitor=_has(module, "IProgressMonitor") and _has(module, "IBuilderConfig", "progress_monitor"),
        timing_cache=not rtx and _has(module, "IBuilderConfig", "create_timing_cache"),
        dla=not rtx and _has(module, "DeviceType", "DLA") and _has(module, "IBuilderConfig", "DLA_core"),
        device_memory_v2=_has(module, "ICudaEngine", "device_memory_size_v2"),
        native_instancenorm=_has(module, "OnnxParserFlag", "NATIVE_INSTANCENORM"),
    )


def _has(module: ModuleType, *path: str) -> bool:
    found: object = module
    for name in path:
        if not hasattr(found, name):
            return False
        found = getattr(found, name)
    return True
