from __future__ import annotations

import subprocess
import sys

import pytest

from engines.telemetry import SWITCHES, is_off, switch_off


def test_switching_off_overrules_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SWITCHES:
        monkeypatch.setenv(name, "0")
    assert not is_off()
    switch_off()
    assert is_off()


@pytest.mark.parametrize("package", ["engines.contract", "edge.cli", "export"])
def test_it_is_off_before_any_library_is_loaded(package: str) -> None:
    """The variable must stand when onnxruntime's module is first looked for."""
    watch = (
        "import os, sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'onnxruntime': print(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "sys.meta_path.insert(0, Watch())\n"
        f"import {package}\nimport onnxruntime\n"
    )
    out = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin"})
    assert out.stdout.split() == ["1"]
