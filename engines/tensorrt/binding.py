"""The only door to TensorRT: nothing else imports `tensorrt` or `tensorrt_rtx`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from engines.contract import RuntimeMissing
from engines.tensorrt.features import RTX, Features, features_of
from engines.tensorrt.log import Log

FULL = "tensorrt"
PACKAGES = (FULL, RTX)
INSTALL = {
    FULL: (
        "on a Jetson: sudo apt-get install python3-libnvinfer, and make the venv with --system-site-packages; "
        'elsewhere: pip install "hemocam[tensorrt]"'
    ),
    RTX: 'pip install "hemocam[rtx]"',
}
# What TensorRT's functions raise where they do not return None; they have no base of their own.
FAULTS: tuple[type[Exception], ...] = (RuntimeError, ValueError, TypeError)
_DTYPES = {
    "FLOAT": "float32",
    "HALF": "float16",
    "INT8": "int8",
    "INT32": "int32",
    "INT64": "int64",
    "UINT8": "uint8",
    "BOOL": "bool",
}


@dataclass(frozen=True, slots=True)
class TensorRT:
    """An installed TensorRT. `module` is Any because no version ships types for all the others' names."""

    module: Any
    package: str
    version: str
    features: Features
    log: Log

    @property
    def name(self) -> str:
        """As a person reads it, e.g. `TensorRT 10.3.0` or `TensorRT-RTX 1.7.1.116`."""
        return f"{'TensorRT-RTX' if self.package == RTX else 'TensorRT'} {self.version}"

    def dtype(self, native: Any) -> str:
        """numpy's name of a DataType. Its own `nptype` needs numpy.bool, which numpy 1.24 took away under TensorRT 8.5.

        Raises KeyError with the type's name where numpy has none (FP8, INT4, BF16).
        """
        return _DTYPES[native.name]


def find_tensorrt(prefer: str | None = None) -> TensorRT:
    """The installed TensorRT: `tensorrt`, else `tensorrt_rtx`; only `prefer` if that is given. Imported on the first call.

    Raises RuntimeMissing with the command that installs one.
    """
    if prefer is not None and prefer not in PACKAGES:
        raise RuntimeMissing(f"there is no TensorRT package {prefer!r}; name {' or '.join(PACKAGES)}")
    reasons = []
    for package in (prefer,) if prefer else PACKAGES:
        try:
            return _imported(package)
        except (ImportError, OSError) as error:  # OSError: the package is there, its libraries are not
            reasons.append(f"{package}: {error}")
    cures = "; or ".join(INSTALL[package] for package in ((prefer,) if prefer else PACKAGES))
    raise RuntimeMissing(f"TensorRT is not installed ({'; '.join(reasons)}); {cures}")


def wrap(module: ModuleType, package: str) -> TensorRT:
    """An imported module as a TensorRT; find_tensorrt for what is installed, tests for their doubles."""
    return TensorRT(module, package, str(module.__version__), features_of(module, package), Log(module))


@cache
def _imported(package: str) -> TensorRT:
    """Once a package, because its logger must be one and live for ever. A failure is not remembered."""
    return wrap(importlib.import_module(package), package)
