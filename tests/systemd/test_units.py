from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.service.installation import install, service_files
from edge.service.places import Places, existing_groups

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = SYSTEMD / "hemocam@.service"
LEAST_EXPOSED = 20
"""Tenths of systemd-analyze's scale, of which 10.0 is all open."""
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def settings() -> dict[str, list[str]]:
    """Every value of [Service], in order, for keys may come more than once."""
    found: dict[str, list[str]] = {}
    section = UNIT.read_text().split("[Service]")[1].split("[Install]")[0]
    for key, value in re.findall(r"^(\w+)=(.*)$", section, re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def analyzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False)


@needs_systemd
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    # The program is not installed where the tests run, and a missing one is an error: another stands in for it.
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/hemocam/bin/hemocam", sys.executable))
    verified = analyzed("verify", "--man=no", str(copy))
    assert [line for line in verified.stderr.splitlines() if "hemocam" in line] == []
    assert verified.returncode == 0, verified.stderr


@needs_systemd
def test_systemd_accepts_the_unit_as_it_is_installed(tmp_path: Path) -> None:
    places = Places(tmp_path, "ward3")
    install(service_files(places, Path(sys.executable), existing_groups(("video", "render"))), force=False)
    verified = analyzed("verify", "--man=no", str(places.unit))
    assert [line for line in verified.stderr.splitlines() if "hemocam" in line] == []
    assert verified.returncode == 0, verified.stderr


@needs_systemd
def test_systemd_would_name_a_wrong_unit(tmp_path: Path) -> None:
    """The test above can fail."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/hemocam/bin/hemocam", sys.executable).replace("WatchdogSec", "WatchdogSecs"))
    assert "WatchdogSecs" in analyzed("verify", "--man=no", str(copy)).stderr


@needs_systemd
def test_the_unit_is_closed_to_the_rest_of_the_machine() -> None:
    scored = analyzed("security", "--offline=true", f"--threshold={LEAST_EXPOSED}", str(UNIT))
    if "Unknown" in scored.stderr or "unrecognized option" in scored.stderr:
        pytest.skip(f"this systemd-analyze is too old to score a file: {scored.stderr.strip()}")
    assert scored.returncode == 0, scored.stdout[-500:] + scored.stderr


def test_the_unit_says_what_the_program_relies_on() -> None:
    values = settings()
    assert values["Type"] == ["notify"]
    assert values["NotifyAccess"] == ["main"]
    assert values["ExecStart"] == ["/opt/hemocam/bin/hemocam log --config /etc/hemocam/%i.yaml"]
    assert 10 <= int(values["WatchdogSec"][0]) <= 60
    assert values["KillSignal"] == ["SIGTERM"]
    assert int(values["TimeoutStopSec"][0]) >= 15
    assert values["Restart"] == ["on-failure"]
    assert values["RestartPreventExitStatus"] == ["2"]
    assert values["StateDirectory"] == ["hemocam/%i"]
    assert values["EnvironmentFile"] == ["-/etc/hemocam/%i.env"]
    assert values["SupplementaryGroups"] == ["video"]  # install-service replaces this very line
    assert "XDG_CACHE_HOME=%C" in values["Environment"]  # CacheDirectory=hemocam lies below
    assert "PrivateDevices" not in values  # it would hide the camera
    assert "ProtectClock" not in values  # it would hide whether the clock is set
    assert "AF_UNIX" in values["RestrictAddressFamilies"][0]  # the notify socket


def test_the_unit_opens_cameras_and_gpus_and_nothing_else() -> None:
    values = settings()
    assert values["DevicePolicy"] == ["closed"]
    allowed = [each.removesuffix(" rw") for each in values["DeviceAllow"]]
    assert allowed == [
        "char-video4linux",
        "char-nvidia*",
        "char-nvhost*",
        "char-nvgpu*",
        "char-nvmap*",
        "/dev/nvmap",
        "char-drm",
    ]
    # A wider pattern would let it write to disks (nvme) and firmware (nvram).
    assert not any(
        re.fullmatch(each.replace("*", ".*"), f"char-{name}") for each in allowed for name in ("nvme", "nvram", "mem")
    )


def test_the_journals_limits_are_what_journald_reads() -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(SYSTEMD / "60-hemocam.conf")
    assert parser.sections() == ["Journal"]
    assert dict(parser["Journal"]) == {
        "Storage": "persistent", "SystemMaxUse": "500M", "SystemKeepFree": "1G", "MaxRetentionSec": "1year"
    }  # fmt: skip


RULE = re.compile(r'[A-Z]+(\{[^}]+\})?(==|!=|=|\+=|:=)"[^"]*"')


def rules() -> list[str]:
    lines = (SYSTEMD / "70-hemocam.rules").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_every_rule_is_a_row_of_keys_that_udev_takes() -> None:
    for line in rules():
        for part in line.split(", "):
            assert RULE.fullmatch(part), (line, part)
    ends = [part for line in rules() for part in line.split(", ") if part.startswith(("GOTO", "LABEL"))]
    assert ends == ['GOTO="hemocam_end"', 'LABEL="hemocam_end"']


@pytest.mark.skipif(
    shutil.which("udevadm") is None
    or "verify" not in subprocess.run(["udevadm", "--help"], capture_output=True, text=True, check=False).stdout,
    reason="this machine has no udevadm verify (systemd 254)",
)
def test_udev_accepts_the_rules() -> None:
    verified = subprocess.run(
        ["udevadm", "verify", "--resolve-names=never", str(SYSTEMD / "70-hemocam.rules")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_cameras_belong_to_the_services_group_and_keep_their_names() -> None:
    text = "\n".join(rules())
    assert 'SUBSYSTEM=="video4linux", GROUP="video", MODE="0660", TAG+="uaccess"' in text
    assert 'SYMLINK+="hemocam/port-$env{ID_PATH_TAG}"' in text
    # Only nodes that give frames have a name: a UVC camera's second node gives metadata.
    assert all('ATTR{index}=="0"' in line for line in rules() if "SYMLINK" in line)
