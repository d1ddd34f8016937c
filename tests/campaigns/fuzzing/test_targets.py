from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.campaigns.fuzz import fuzz
from tests.campaigns.fuzzing.campaign import campaign
from tests.campaigns.fuzzing.child import tried
from tests.campaigns.fuzzing.inputs import TARGETS, input_of, shares
from tests.campaigns.fuzzing.outcome import FINDINGS, Outcome
from tests.campaigns.fuzzing.target import Target

INPUTS = {"config": 150, "manifest": 80, "onnx": 40, "images": 200, "store": 60}
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow tells of what it skips
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


@each_target
def test_no_damaged_input_gets_through(target: Target, tmp_path: Path) -> None:
    seeds = target.seeds()
    ended = [tried(target, input_of(target, seeds, 7, each), each, tmp_path / "in") for each in range(INPUTS[target.name])]
    assert ended[0].outcome is Outcome.ACCEPTED, ended[0].text
    assert [each.text for each in ended if each.outcome in FINDINGS] == []
    assert {each.outcome for each in ended} == {Outcome.ACCEPTED, Outcome.REFUSED}


@each_target
def test_the_same_seed_gives_the_same_input(target: Target) -> None:
    seeds = target.seeds()
    inputs = [input_of(target, seeds, 7, index) for index in range(len(seeds), len(seeds) + 30)]
    assert inputs == [input_of(target, seeds, 7, index) for index in range(len(seeds), len(seeds) + 30)]
    assert inputs != [input_of(target, seeds, 8, index) for index in range(len(seeds), len(seeds) + 30)]
    assert len(set(inputs)) > 20


def test_all_inputs_are_shared_out() -> None:
    numbers = shares(20_000, TARGETS)
    assert set(numbers) == {"config", "manifest", "onnx", "images", "store"}
    assert sum(numbers.values()) >= 20_000
    assert min(shares(1, TARGETS).values()) == 1


def test_a_child_process_finds_the_same() -> None:
    (images,) = [target for target in TARGETS if target.name == "images"]
    figures = campaign(images, 60, seed=7, timeout_s=30.0)
    assert (figures.inputs, figures.findings) == (60, 0)
    assert figures.outcomes[Outcome.REFUSED] > 10


def invoke(arguments: Sequence[str]) -> tuple[int, str]:
    import typer

    app = typer.Typer()
    app.command()(fuzz)
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "140"})
    return result.exit_code, result.output


def test_the_command(tmp_path: Path) -> None:
    code, text = invoke(["--inputs", "20", "--target", "images", "--findings", str(tmp_path / "none")])
    assert code == 0, text
    assert "images" in text
    assert not (tmp_path / "none").exists()
    (tmp_path / "config-traceback-0123.bin").write_bytes(b"camera: {kind: v4l2}")
    code, text = invoke(["--again", str(tmp_path / "config-traceback-0123.bin")])
    assert code == 0, text
    assert "config       1         1        0" in text
    (tmp_path / "other.bin").write_bytes(b"")
    assert invoke(["--again", str(tmp_path / "other.bin")])[0] == 2
    code, text = invoke(["--target", "nothing"])
    assert code == 2
    assert "config, manifest, onnx, images" in text
