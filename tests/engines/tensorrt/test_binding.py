"""Finding TensorRT, and not finding it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from engines.contract import RuntimeMissing
from engines.tensorrt import binding
from engines.tensorrt.binding import find_tensorrt, wrap
from tests.engines.tensorrt.builder_double import tensorrt_double


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What import gives: a module, or the error it raises; anything else is not installed."""
    found: dict[str, Any] = {}
    real = importlib.import_module

    def import_module(name: str, package: str | None = None) -> ModuleType:
        if not name.startswith("tensorrt"):
            return real(name, package)
        answer = found.get(name, ModuleNotFoundError(f"No module named {name!r}"))
        if isinstance(answer, Exception):
            raise answer
        module: ModuleType = answer
        return module

    monkeypatch.setattr(binding.importlib, "import_module", import_module)
    binding._imported.cache_clear()
    yield found
    binding._imported.cache_clear()


def test_none_installed_says_how_to_install_each(installed: dict[str, Any]) -> None:
    with pytest.raises(RuntimeMissing, match=r"python3-libnvinfer.*hemocam\[tensorrt\].*hemocam\[rtx\]"):
        find_tensorrt()


def test_only_the_preferred_one_is_looked_for(installed: dict[str, Any]) -> None:
    installed["tensorrt"] = tensorrt_double("8.6")
    assert find_tensorrt().name == "TensorRT 8.6.1"
    with pytest.raises(RuntimeMissing) as missing:
        find_tensorrt("tensorrt_rtx")
    assert "libnvinfer" not in str(missing.value) and "hemocam[rtx]" in str(missing.value)


def test_rtx_is_taken_where_tensorrt_is_missing(installed: dict[str, Any]) -> None:
    installed["tensorrt_rtx"] = tensorrt_double("11")
    found = find_tensorrt()
    assert (found.package, found.name) == ("tensorrt_rtx", "TensorRT-RTX 11.4.1")


@pytest.mark.parametrize("error", [ImportError("libnvinfer.so.8: cannot open"), OSError("libnvinfer.so.8: cannot open")])
def test_a_package_without_its_libraries_is_missing(installed: dict[str, Any], error: Exception) -> None:
    installed["tensorrt"] = error
    with pytest.raises(RuntimeMissing, match=r"tensorrt: libnvinfer\.so\.8: cannot open"):
        find_tensorrt()


def test_what_was_missing_can_be_installed_later_and_is_wrapped_once(installed: dict[str, Any]) -> None:
    with pytest.raises(RuntimeMissing):
        find_tensorrt()
    installed["tensorrt"] = tensorrt_double("10.3")
    assert find_tensorrt() is find_tensorrt("tensorrt")


def test_an_unknown_package_is_refused() -> None:
    with pytest.raises(RuntimeMissing, match="no TensorRT package 'tensorflow'"):
        find_tensorrt("tensorflow")


def test_dtypes_have_numpys_names() -> None:
    trt = wrap(tensorrt_double("8.5"), "tensorrt")
    names = {each.name: trt.dtype(each) for each in trt.module.DataType}
    assert names["HALF"] == "float16" and names["UINT8"] == "uint8" and names["BOOL"] == "bool"


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    code = (
        "import sys, engines.tensorrt.building, engines.plan_cache; "
        "sys.exit(any(m in sys.modules for m in ('tensorrt', 'tensorrt_rtx', 'pycuda', 'torch', 'onnx')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
