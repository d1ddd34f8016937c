# what is imported further down needs a package that may not be installed
from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("scipy", reason="matching needs scipy: pip install hemocam[export]")

from edge.bench.accuracy import accuracy
from edge.bench.options import needs_export

app = typer.Typer()
app.command()(accuracy)


def test_rendered_fields_are_counted_matched_and_covered(tmp_path: Path) -> None:
    words = ["--simulated", "2", "--split", "val", "--json", "--worst", "1", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    counts, matches, covered = ([row for row in rows if key in row] for key in ("accuracy", "f1", "covered"))
    assert {row["kind"] for row in counts} == {row["kind"] for row in matches} == {"rbc", "wbc", "plt"}
    red = next(row for row in matches if row["kind"] == "rbc")
    assert red["f1"] > 0.9 and red["low"] <= red["f1"] <= red["high"]
    assert all(row["low"] <= row["accuracy"] <= row["high"] for row in counts)
    assert {row["corpus"] for row in covered} == {"simulated", "all"}
    assert [path.suffix for path in tmp_path.iterdir()] == [".png"]


def test_the_tables_fit_a_terminal_and_name_the_human_ceiling() -> None:
    done = CliRunner().invoke(app, ["--simulated", "1", "--split", "val"])
    assert done.exit_code == 0, done.output
    assert "6.6 %" in done.stdout
    assert "cell by cell" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


def test_drawing_the_worst_needs_a_folder() -> None:
    done = CliRunner().invoke(app, ["--worst", "3"])
    assert done.exit_code == 2
    assert "--out" in done.output


def test_a_missing_package_is_named_with_its_cure() -> None:
    with pytest.raises(typer.BadParameter, match=r"needs no_such_package.*hemocam\[export\]"), needs_export():
        raise ImportError("No module named 'no_such_package'", name="no_such_package")
