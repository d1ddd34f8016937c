"""Doubles of the `tensorrt` modules of 8.5, 8.6, 10.3 and 11, for building.

Each has exactly the names that ../shared/tensorrt.md's table gives it; an unknown attribute cannot be set, as with pybind11.
A failure is None and a line in the log. Graphs are JSON (`graph()`), the plan is JSON too: all the calls that led to it.
"""

from __future__ import annotations

import json
import weakref
from enum import Enum, IntEnum
from types import ModuleType, SimpleNamespace
from typing import Any

GENERATIONS = ("8.5", "8.6", "10.3", "11")
VERSIONS = {"8.5": "8.5.2.2", "8.6": "8.6.1", "10.3": "10.3.0", "11": "11.4.1"}
NEEDED_BYTES = 1_073_758_500
"""The workspace that a small U-Net asked for (../shared/tensorrt.md)."""


def graph(
    *,
    shape: tuple[int, ...] = (-1, -1, -1, 3),
    dtype: str = "UINT8",
    types: tuple[str, ...] = ("FLOAT",),
    quantised: bool = False,
    refused: tuple[tuple[int, str, str, str], ...] = (),
) -> bytes:
    """A network: its input, its layers' types, and its refused nodes as (number, name, operator, reason)."""
    return json.dumps({"shape": shape, "dtype": dtype, "types": types, "quantised": quantised, "refused": refused}).encode()


def tensorrt_double(generation: str, *, dla_cores: int = 0, driver: bool = True, device: str = "this manifest") -> Any:
    """The module. `calls` on it lists what was called, in order."""
    modern = generation in ("10.3", "11")
    module: Any = ModuleType("tensorrt")
    module.__version__ = VERSIONS[generation]
    module.calls = []
    severity = IntEnum("Severity", {"INTERNAL_ERROR": 0, "ERROR": 1, "WARNING": 2, "INFO": 3, "VERBOSE": 4})

    class ILogger:
        Severity = severity

    module.ILogger = ILogger
    module.DataType = Enum("DataType", "FLOAT HALF INT8 INT32 INT64 UINT8 BOOL")
    module.LayerType = Enum("LayerType", "CONVOLUTION QUANTIZE")
    module.DeviceType = Enum("DeviceType", "GPU DLA")
    module.MemoryPoolType = Enum("MemoryPoolType", "WORKSPACE DLA_MANAGED_SRAM")
    module.ErrorCode = Enum("ErrorCode", "UNSUPPORTED_NODE MODEL_DESERIALIZE_FAILED")
    creation = {"8.5": {"EXPLICIT_BATCH": 0}, "8.6": {"EXPLICIT_BATCH": 0}, "10.3": {"EXPLICIT_BATCH": 0, "STRONGLY_TYPED": 1}}
    # 11 takes no flags at all: strongly typed is all there is.
    module.NetworkDefinitionCreationFlag = IntEnum("NetworkDefinitionCreationFlag", creation.get(generation, {}))
    flags = ["DEBUG", "GPU_FALLBACK", "TF32"]
    if generation != "11":
        flags += ["FP16", "INT8"]
    if generation != "8.5":
        flags += ["VERSION_COMPATIBLE"]
        module.HardwareCompatibilityLevel = Enum("HardwareCompatibilityLevel", "NONE AMPERE_PLUS")
        module.OnnxParserFlag = Enum("OnnxParserFlag", "NATIVE_INSTANCENORM")
    module.BuilderFlag = Enum("BuilderFlag", flags)
    if modern:

        class IProgressMonitor:
            pass

        module.IProgressMonitor = IProgressMonitor
    _add_engine(module, generation)
    _add_config(module, generation, device)
    _add_parser(module, generation)
    _add_builder(module, dla_cores, driver)
    return module


def _add_engine(module: Any, generation: str) -> None:
    names = {"8.5": ["device_memory_size"], "8.6": ["device_memory_size"], "11": ["device_memory_size_v2"]}
    slots = names.get(generation, ["device_memory_size", "device_memory_size_v2"])
    module.ICudaEngine = type("ICudaEngine", (), {"__slots__": slots})


def _add_config(module: Any, generation: str, device: str) -> None:
    slots = ["DLA_core", "default_device_type", "flags_set", "profiles", "pools", "cache"]
    if generation != "8.5":
        slots += ["hardware_compatibility_level", "builder_optimization_level"]
    if generation in ("10.3", "11"):
        slots += ["progress_monitor"]

    class TimingCache:
        def __init__(self, content: bytes) -> None:
            self.content = content

        def serialize(self) -> bytes:
            return self.content

    class IBuilderConfig:
        __slots__ = slots

        def __init__(self) -> None:
            self.flags_set = {"TF32"}
            self.profiles: list[Any] = []
            self.pools: dict[str, int] = {}
            self.cache: TimingCache | None = None

        def set_flag(self, flag: Any) -> None:
            self.flags_set.add(module.BuilderFlag(flag).name)

        def clear_flag(self, flag: Any) -> None:
            self.flags_set.discard(module.BuilderFlag(flag).name)

        def set_memory_pool_limit(self, pool: Any, size: int) -> None:
            self.pools[module.MemoryPoolType(pool).name] = size

        def add_optimization_profile(self, profile: Any) -> int:
            self.profiles.append(profile)
            return len(self.profiles) - 1

        def create_timing_cache(self, content: bytes) -> TimingCache | None:
            if content and not content.startswith(b"timings"):
                return None
            return TimingCache(content or f"timings {module.__version__} {device};".encode())

        def set_timing_cache(self, cache: TimingCache, ignore_mismatch: bool) -> bool:
            assert ignore_mismatch is False
            fits = cache.content.startswith(f"timings {module.__version__} {device};".encode())
            self.cache = cache if fits else None
            return fits

        def get_timing_cache(self) -> TimingCache | None:
            return self.cache

    module.IBuilderConfig = IBuilderConfig


def _add_parser(module: Any, generation: str) -> None:
    class ParserError:
        def __init__(self, number: int, name: str, operator: str, reason: str) -> None:
            self._values = number, name, operator, reason

        def node(self) -> int:
            return self._values[0]

        def desc(self) -> str:
            return self._values[3]

        def code(self) -> Any:
            code = module.ErrorCode
            return code.UNSUPPORTED_NODE if self._values[0] >= 0 else code.MODEL_DESERIALIZE_FAILED

        if generation != "8.5":

            def node_name(self) -> str:
                return self._values[1]

            def node_operator(self) -> str:
                return self._values[2]

    class OnnxParser:
        def __init__(self, network: Any, logger: Any) -> None:
            self._network, self._logger, self._errors = network, logger, []
            network.parser = weakref.ref(self)

        @property
        def num_errors(self) -> int:
            return len(self._errors)

        def get_error(self, index: int) -> Any:
            return self._errors[index]

        def set_flag(self, flag: Any) -> None:
            module.calls.append(("parser flag", flag.name))

        def parse(self, content: bytes) -> bool:
            log, severity = self._logger.log, module.ILogger.Severity
            if not content:
                return True
            if content == b"silent":
                log(severity.ERROR, "a parser that fails without an error of its own")
                return False
            if not content.startswith(b"{"):
                self._errors = [ParserError(-1, "", "", "Failed to parse the ONNX model.")]
                return False
            found = json.loads(content)
            if hasattr(module.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH") and not self._network.explicit_batch:
                self._errors = [ParserError(-1, "", "", "This version only supports full-dimensions networks.")]
                return False
            self._errors = [ParserError(*node) for node in found["refused"]]
            for number, name, operator, reason in found["refused"]:
                log(severity.ERROR, f"While parsing node number {number} [{operator}]:")
                log(severity.ERROR, f"Node name: {name}")
                log(severity.ERROR, reason)
            self._network.fill(found)
            return not self._errors

    module.OnnxParser = OnnxParser


class _Network:
    def __init__(self, module: Any, flags: int) -> None:
        bits = {flag.name for flag in module.NetworkDefinitionCreationFlag if flags >> int(flag) & 1}
        assert flags < 1 << 2, "a bit that no version knows"
        self._module = module
        self.explicit_batch = "EXPLICIT_BATCH" in bits
        self.strongly_typed = "STRONGLY_TYPED" in bits or not hasattr(module.BuilderFlag, "FP16")
        self.creation_flags = sorted(bits)
        self.parser: Any = lambda: None
        self.num_inputs = self.num_outputs = self.num_layers = 0
        self._layers: list[Any] = []
        self.types: set[str] = set()
        self.input: Any = None

    def fill(self, found: dict[str, Any]) -> None:
        dtypes = self._module.DataType
        self.num_inputs = self.num_outputs = 1
        self.input = SimpleNamespace(name="pixels", shape=tuple(found["shape"]), dtype=dtypes[found["dtype"]])
        self.types = set(found["types"])
        kinds = ["CONVOLUTION"] * len(found["types"]) + ["QUANTIZE"] * found["quantised"]
        for kind, name in zip(kinds, [*found["types"], "INT8"], strict=False):
            output = SimpleNamespace(dtype=dtypes[name])
            layer = SimpleNamespace(num_outputs=1, type=self._module.LayerType[kind], get_output=lambda _, it=output: it)
            self._layers.append(layer)
        self.num_layers = len(self._layers)
        self.quantised = bool(found["quantised"])

    def get_input(self, index: int) -> Any:
        assert index == 0
        return self.input

    def get_layer(self, index: int) -> Any:
        return self._layers[index]


class _Profile:
    shape: tuple[Any, ...] = ()

    def set_shape(self, name: str, smallest: Any, usual: Any, largest: Any) -> None:
        self.shape = (name, smallest, usual, largest)


def _add_builder(module: Any, dla_cores: int, driver: bool) -> None:
    class Builder:
        num_DLA_cores = dla_cores  # noqa: N815  # TensorRT's name

        def __init__(self, logger: Any) -> None:
            self._logger = logger
            if not driver:
                self._error("CUDA initialization failure with error: 35")
                raise TypeError("pybind11::init(): factory function returned nullptr")

        def create_network(self, flags: int = 0) -> _Network:
            return _Network(module, flags)

        def create_builder_config(self) -> Any:
            return module.IBuilderConfig()

        def create_optimization_profile(self) -> _Profile:
            return _Profile()

        def build_serialized_network(self, network: _Network, config: Any) -> bytes | None:
            fault = self._fault(network, config)
            if fault is not None:
                return self._error(fault)
            self._logger.log(module.ILogger.Severity.INFO, "Engine generation completed")
            if config.cache is not None:
                config.cache.content += b" measured"
            return json.dumps(self._record(network, config), sort_keys=True).encode()

        def _fault(self, network: _Network, config: Any) -> str | None:
            weak, monitor = not network.strongly_typed, getattr(config, "progress_monitor", None)
            faults = {
                "the parser, which owns the weights, is gone": network.parser() is None,
                "precision flags are not allowed on a strongly typed network": not weak and config.flags_set & {"FP16", "INT8"},
                "fp16 is not configured in the builder": weak and "HALF" in network.types and "FP16" not in config.flags_set,
                "int8 is not configured in the builder": weak and network.quantised and "INT8" not in config.flags_set,
                f"OutOfMemory (Requested size was {NEEDED_BYTES} bytes)": config.pools["WORKSPACE"] < NEEDED_BYTES,
            }
            if monitor is not None and not any(faults.values()):
                faults["Error Code 7: BuildCanceled (Build canceled by user)"] = not self._report(monitor)
            return next((line for line, wrong in faults.items() if wrong), None)

        def _report(self, monitor: Any) -> bool:
            monitor.phase_start("Building engine", None, 2)
            goes_on = monitor.step_complete("Building engine", 0) and monitor.step_complete("Building engine", 1)
            monitor.phase_finish("Building engine")
            return bool(goes_on)

        def _record(self, network: _Network, config: Any) -> dict[str, Any]:
            record = {"creation": network.creation_flags, "flags": sorted(config.flags_set), **config.pools}
            record["profile"] = config.profiles[0].shape
            for name in ("DLA_core", "default_device_type", "hardware_compatibility_level", "builder_optimization_level"):
                value = getattr(config, name, None)
                record[name] = value.name if isinstance(value, Enum) else value
            return record

        def _error(self, line: str) -> None:
            self._logger.log(module.ILogger.Severity.ERROR, line)

    module.Builder = Builder
