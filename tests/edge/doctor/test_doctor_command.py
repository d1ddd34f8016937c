"""`hemocam doctor` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge.commands.service import doctor
from edge.doctor.finding import Finding, Level

app = typer.Typer()
app.command()(doctor)
OK = Finding("disk", Level.OK, "[room] enough")
WARNING = Finding("clock", Level.WARNING, "not set", "set it")
ERROR = Finding("camera", Level.ERROR, "not there", "plug it in")


def doubled(findings: list[Finding]) -> Callable[..., Iterator[Finding]]:
    return lambda path, open_camera: iter(findings)


@pytest.mark.parametrize(("findings", "code"), [([OK], 0), ([OK, WARNING], 1), ([ERROR, WARNING, OK], 2)])
def test_the_exit_code_is_the_severity(monkeypatch: pytest.MonkeyPatch, findings: list[Finding], code: int) -> None:
    monkeypatch.setattr("edge.doctor.examination.examine", doubled(findings))
    result = CliRunner().invoke(app, [])
    assert result.exit_code == code
    assert all(finding.text in result.stdout and finding.cure in result.stdout for finding in findings)


def test_json_is_all_there_is_on_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.doctor.examination.examine", doubled([OK, WARNING]))
    result = CliRunner().invoke(app, ["--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"level": "warning", "findings": [OK.as_json(), WARNING.as_json()]}


def test_a_whole_examination_of_a_simulated_cabinet(tmp_path: Path) -> None:
    config = tmp_path / "ward3.yaml"
    config.write_text(f"camera: {{kind: simulated_slide}}\nstore: {{folder: {tmp_path}/record}}\n")
    result = CliRunner().invoke(app, ["--config", str(config), "--json"])
    told = json.loads(result.stdout)
    by_check = {finding["check"]: finding for finding in told["findings"]}
    assert list(by_check) == [
        "config",
        "camera",
        "gpu",
        "model",
        "classifier",
        "disk",
        "store",
        "clock",
        "telemetry",
        "service",
        "limits",
    ]
    assert by_check["camera"]["level"] == "ok"
    assert by_check["model"]["level"] == "ok"
    assert not (tmp_path / "record").exists()  # looked at, not made


def test_a_wrong_configuration_does_not_end_the_examination(tmp_path: Path) -> None:
    config = tmp_path / "ward3.yaml"
    config.write_text("kamera: {}\n")
    result = CliRunner().invoke(app, ["--config", str(config), "--json"])
    assert result.exit_code == 2
    checks = [finding["check"] for finding in json.loads(result.stdout)["findings"]]
    assert "config" in checks
    assert "camera" not in checks
    assert "model" in checks
