"""Every recipe of export/recipes from training (a few steps) to `export run` to `hemocam count`, by the commands themselves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.table import Table

from export.frames import rendered
from tests.export.datasets import paper_trees

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "export" / "recipes"
LONGEST_S = 900.0
STEPS = 12


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a recipe came: the last step that worked, and what the next one said."""

    recipe: str
    reached: str
    seconds: float
    why: str = ""


def shortened(content: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe with a few steps for each of its phases, on little data."""
    short = {**content, "batch": 2, "init_from": None}
    if content.get("task", "field") == "field":
        simulated = {"fields": 4, "side_px": 300}
        return short | {"steps": 60, "shares": {"simulated": 1.0}, "simulated": simulated, "data": ["simulated"]}
    short |= {"epoch_steps": STEPS, "schedule": {"kind": "constant"}}
    if content["splits"]["by"] == "folds":
        short["splits"] = {"by": "folds", "folds": 2}
    if "epochs" in content:
        short["epochs"] = 1
    if "phases" in content:
        short |= {"phases": [phase | {"epochs": 1} for phase in content["phases"]], "val_crops": 2}
    return short


def data_for(folder: Path, shared: Path) -> Path:
    """The sets that are there, and trees in the shape of those that may not be shared."""
    folder.mkdir()
    for name in ("allidb1", "chula"):
        (folder / name).symlink_to(shared / name)
    paper_trees.anerbc(folder / "anerbc", 960, 1224)
    paper_trees.elsafty(folder / "elsafty")
    paper_trees.anaemic_rbc(folder / "anaemic-rbc")
    return folder


def walked(path: Path, data: Path, folder: Path) -> Walk:
    """One recipe's way; each step takes what the one before wrote."""
    import cv2  # not needed to print --help

    content = shortened(yaml.safe_load(path.read_text(encoding="utf-8")))
    folder.mkdir(parents=True)
    recipe, run, model, picture = (folder / name for name in ("recipe.yaml", "run", "model", "field.png"))
    recipe.write_text(yaml.safe_dump(content), encoding="utf-8")
    cv2.imwrite(str(picture), rendered(10)[0][..., ::-1])
    folds = content.get("splits", {}).get("by") == "folds"
    trained = run / "repeat1-fold1" if folds else run
    steps = {
        "train": ["export", "train", recipe, "--data", data, "--run", run, *(["--fold", "1"] if folds else [])],
        "export run": ["export", "run", trained, "--out", model, "--most", "2"],
    }  # fmt: skip
    if content.get("task") != "classification":
        steps["count"] = ["count", picture, "--model", model, "--cell-diameter-px", "40"]
    began_s, reached = monotonic(), "–"
    for name, words in steps.items():
        command = [sys.executable, "-c", "from edge.cli import main; main()", *map(str, words)]
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_S, check=False)
        except subprocess.TimeoutExpired:
            return Walk(path.stem, reached, monotonic() - began_s, f"{name} took more than {LONGEST_S:.0f} s")
        if done.returncode:
            why = f"{name}, exit code {done.returncode}: {(done.stderr or done.stdout)[-600:]}"
            return Walk(path.stem, reached, monotonic() - began_s, why)
        reached = name
    return Walk(path.stem, reached, monotonic() - began_s)


def recipes(
    data: Annotated[Path, typer.Option(help="Folder with allidb1 and chula.")] = ROOT.parent / "shared" / "data",
    only: Annotated[list[str] | None, typer.Option(help="Only recipes whose path has this in it.")] = None,
) -> None:
    """Take every recipe from training to a count; fails where one does not come to its end."""
    console, errors = Console(), Console(stderr=True, highlight=False)
    table = Table("recipe", "reached", "s", box=None)
    walks: list[Walk] = []
    with TemporaryDirectory(prefix="hemocam-recipes-") as name:
        here = Path(name)
        sets = data_for(here / "data", data.resolve())
        for path in sorted(RECIPES.rglob("*.yaml")):
            place = str(path.relative_to(RECIPES).with_suffix(""))
            if path.name.endswith(".manifest.yaml") or (only and not any(word in place for word in only)):
                continue
            walks.append(walked(path, sets, here / place.replace("/", "-")))
            errors.print(f"{place}: {walks[-1].reached} {walks[-1].why}", markup=False)
            table.add_row(place, walks[-1].reached, f"{walks[-1].seconds:.0f}")
    console.print(table)
    if any(walk.why for walk in walks):
        raise typer.Exit(1)
