from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "systemd" / "hemocam.service"
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def service() -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return dict(parser["Service"])


@needs_systemd
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    # The program is not installed where the tests run, and a missing one is an error: another stands in for it.
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/hemocam/bin/hemocam", sys.executable))
    verified = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, timeout=60, check=False)
    assert [line for line in verified.stderr.splitlines() if "hemocam" in line] == []
    assert verified.returncode == 0, verified.stderr


@needs_systemd
def test_the_unit_is_closed_to_the_rest_of_the_machine(tmp_path: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=30", str(UNIT)]
    scored = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "Unknown" in scored.stderr or "unrecognized option" in scored.stderr:
        pytest.skip(f"this systemd-analyze is too old to score a file: {scored.stderr.strip()}")
    assert scored.returncode == 0, scored.stdout[-500:] + scored.stderr


def test_the_unit_says_what_the_program_relies_on() -> None:
    values = service()
    assert values["ExecStart"] == "/opt/hemocam/bin/hemocam log --config /etc/hemocam/hemocam.yaml"
    assert values["KillSignal"] == "SIGTERM"
    assert int(values["TimeoutStopSec"]) >= 15
    assert values["Restart"] == "on-failure"
    assert values["RestartPreventExitStatus"] == "2"
    assert values["StateDirectory"] == "hemocam"
    assert values["SupplementaryGroups"] == "video"
    assert values["DeviceAllow"] == "char-video4linux rw"
    assert "PrivateDevices" not in values  # it would hide the camera
