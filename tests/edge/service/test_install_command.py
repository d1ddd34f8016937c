"""`hemocam install-service` as it is typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge.commands.service import install_service
from edge.config import load_config
from edge.service.errors import ServiceError

app = typer.Typer()
app.command()(install_service)


@pytest.fixture(autouse=True)
def _reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.service.places.unreachable", lambda path: None)


def run(tmp_path: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["--prefix", str(tmp_path), "--instance", "ward3", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_all_is_written_and_the_next_commands_are_told(tmp_path: Path) -> None:
    output = run(tmp_path)
    there = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert there == [
        "etc/hemocam/ward3.yaml",
        "etc/systemd/journald.conf.d/60-hemocam.conf",
        "etc/systemd/system/hemocam@.service",
        "etc/udev/rules.d/70-hemocam.rules",
    ]
    assert "systemctl enable --now hemocam@ward3" in output
    assert load_config(tmp_path / "etc/hemocam/ward3.yaml").camera.kind == "v4l2"


def test_a_configuration_that_is_there_is_kept(tmp_path: Path) -> None:
    config = tmp_path / "etc/hemocam/ward3.yaml"
    config.parent.mkdir(parents=True)
    config.write_text("camera: {kind: simulated_slide}\n")
    assert re.search(rf"kept +{config}", run(tmp_path))
    assert config.read_text() == "camera: {kind: simulated_slide}\n"


def test_a_given_configuration_is_copied(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("camera: {kind: simulated_slide}\n")
    run(tmp_path, "--config", str(mine))
    assert (tmp_path / "etc/hemocam/ward3.yaml").read_text() == mine.read_text()


def test_the_installed_configuration_may_be_named_itself(tmp_path: Path) -> None:
    run(tmp_path)
    assert "kept" in run(tmp_path, "--config", str(tmp_path / "etc/hemocam/ward3.yaml"))


def test_an_environment_in_a_home_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.service.places.unreachable", lambda path: f"{path} lies in /home")
    with pytest.raises(ServiceError, match=r"nothing was written(.|\n)*lies in /home"):
        run(tmp_path)
    assert list(tmp_path.rglob("*")) == []
    assert "objection" in run(tmp_path, "--force")
    assert (tmp_path / "etc/systemd/system/hemocam@.service").is_file()


def test_a_configuration_that_would_not_run_is_refused(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("camera: {kind: v4l2}\nstore: {folder: /srv/record}\n")
    with pytest.raises(ServiceError, match=r"store\.folder"):
        run(tmp_path, "--config", str(mine))
    assert not (tmp_path / "etc").exists()
