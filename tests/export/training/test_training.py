# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
"""Whole trainings on tiny corpora: what a run leaves, and that a kill costs nothing."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")
pytest.importorskip("scipy", reason="labelling needs scipy: pip install hemocam[export]")
pytest.importorskip("matplotlib", reason="curves need matplotlib: pip install hemocam[export]")

from export.datasets.sample import DatasetError
from export.training import loop
from export.training.fit_adversarial import AdversarialLearner
from export.training.fit_classification import ClassificationLearner
from export.training.fit_segmentation import SegmentationLearner
from export.training.recipe import RecipeError
from export.training.training import train
from export.zoo import ZooError, architecture
from tests.export.training import tiny

ROOT = Path(__file__).parents[3]
CASES: dict[str, tuple[Any, Callable[[Path], Path], type]] = {
    "segmentation": (tiny.segmentation(ema=0.9), tiny.masks, SegmentationLearner),
    "plateau": (
        tiny.segmentation(schedule={"kind": "plateau", "patience_epochs": 1, "min_delta": 10.0}), tiny.masks,
        SegmentationLearner,
    ),
    # DCED-Net drops out, so that the state of the random numbers counts, and its gate moves on while it trains.
    "gated": (
        tiny.segmentation(architecture="dced-net", levels="gated", loss="mse", keep="last", phases=[{"epochs": 4}]),
        tiny.masks, SegmentationLearner,
    ),
    "phases": (
        tiny.segmentation(
            architecture="segnet", channels=["rbc", "rbc_outline"], schedule={"kind": "cosine"},
            phases=[{"epochs": 1, "targets": ["rbc", "rbc"]}, {"epochs": 2, "only_with": "rbc_outline", "freeze_mask": True}],
        ),
        lambda data: tiny.masks(data, edges=True), SegmentationLearner,
    ),
    "adversarial": (tiny.adversarial(), tiny.masks, AdversarialLearner),
    "classification": (tiny.classification(ema=0.5, optimiser="adamw"), tiny.crops, ClassificationLearner),
}  # fmt: skip


def weights(path: Path) -> dict[str, Any]:
    return dict(torch.load(path, map_location="cpu", weights_only=True))


def same(first: Any, second: Any) -> bool:
    """Bit for bit, through dicts and lists."""
    if isinstance(first, torch.Tensor):
        return bool(torch.equal(first, second))
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(same(one, two) for one, two in zip(first, second, strict=True))
    return bool(first == second)


@pytest.mark.parametrize("case", CASES)
def test_a_run_that_was_interrupted_ends_bit_for_bit_as_one_that_was_not(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, corpus, learner = CASES[case]
    data = corpus(tmp_path / "data")
    straight, broken = tmp_path / "runs" / "straight", tmp_path / "runs" / "broken"
    assert train(recipe, data, straight, workers=0) == straight / "weights.pt"
    steps_an_epoch = 5 if case == "classification" else 3
    count, real = iter(range(1000)), learner.step

    def killed(self: Any, batch: Any) -> dict[str, float]:
        if next(count) == steps_an_epoch + 1:
            raise KeyboardInterrupt
        found: dict[str, float] = real(self, batch)
        return found

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(learner, "step", killed)
        train(recipe, data, broken, workers=0)
    assert len(weights(broken / "checkpoint.pt")["rows"]) == 1, "the epoch that was finished is kept"
    assert not same(weights(broken / "checkpoint.pt")["modules"], weights(straight / "checkpoint.pt")["modules"])
    torch.rand(7)  # another process would have another state of the random numbers
    train(recipe, data, broken, workers=0)
    assert same(weights(broken / "weights.pt"), weights(straight / "weights.pt"))
    assert same(weights(broken / "checkpoint.pt"), weights(straight / "checkpoint.pt"))
    assert (broken / "curves.csv").read_text() == (straight / "curves.csv").read_text()


def test_a_run_that_was_killed_goes_on(tmp_path: Path) -> None:
    """SIGKILL in the second epoch, with the worker process alive: nothing could be tidied up."""
    data = tiny.masks(tmp_path / "data")
    straight, broken = tmp_path / "runs" / "straight", tmp_path / "runs" / "broken"
    train(tiny.segmentation(), data, straight, workers=0)
    program = f"""
        import os, signal
        from pathlib import Path
        from export.training.fit_segmentation import SegmentationLearner
        from export.training.training import train
        from tests.export.training import tiny
        count, real = iter(range(99)), SegmentationLearner.step
        def step(self, batch):
            if next(count) == 5:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(self, batch)
        SegmentationLearner.step = step
        train(tiny.segmentation(), Path({str(data)!r}), Path({str(broken)!r}))
    """
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], env={**os.environ, "PYTHONPATH": path}, capture_output=True,
        timeout=240, check=False,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert len(weights(broken / "checkpoint.pt")["rows"]) == 1
    train(tiny.segmentation(), data, broken, workers=0)
    assert same(weights(broken / "weights.pt"), weights(straight / "weights.pt"))


def test_a_run_folder_holds_the_exact_recipe_and_what_came_of_it(tmp_path: Path) -> None:
    recipe = tiny.segmentation()
    run = tmp_path / "runs" / "tiny"
    train(recipe, tiny.masks(tmp_path / "data"), run, workers=1)
    assert sorted(path.name for path in run.iterdir()) == [
        "checkpoint.pt", "curves.csv", "curves.png", "recipe.yaml", "scale.json", "weights.pt",
    ]  # fmt: skip
    assert type(recipe).model_validate(yaml.safe_load((run / "recipe.yaml").read_text())) == recipe
    network = architecture("unet").build(1, 2)
    network.load_state_dict(weights(run / "weights.pt"))
    with (run / "curves.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert {"loss", "iou", "val_loss", "val_iou", "learning_rate"} <= rows[0].keys()
    assert (run / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_another_recipe_does_not_go_on_with_a_run(tmp_path: Path) -> None:
    data, run = tiny.masks(tmp_path / "data"), tmp_path / "runs" / "tiny"
    train(tiny.segmentation(phases=[{"epochs": 1}]), data, run, workers=0)
    with pytest.raises(RecipeError, match=r"recipe\.yaml is another recipe"):
        train(tiny.segmentation(seed=4), data, run, workers=0)


def test_a_checkpoint_that_is_damaged_is_named(tmp_path: Path) -> None:
    data, run = tiny.masks(tmp_path / "data"), tmp_path / "runs" / "tiny"
    train(tiny.segmentation(phases=[{"epochs": 1}]), data, run, workers=0)
    (run / "checkpoint.pt").write_bytes(b"half a checkpoint")
    with pytest.raises(RecipeError, match=r"checkpoint\.pt cannot be read"):
        train(tiny.segmentation(phases=[{"epochs": 1}]), data, run, workers=0)


@pytest.mark.parametrize("case", ["segmentation", "classification", "adversarial"])
def test_training_learns(case: str, tmp_path: Path) -> None:
    """Discs darker than glass, and dark crops among pale ones: easy, so that a sign turned round shows."""
    recipe, corpus, _ = CASES[case]
    # A generator learns a little at a time, against a discriminator that learns too.
    epochs, rate = {"segmentation": (12, 0.01), "classification": (8, 0.01), "adversarial": (60, 0.003)}[case]
    long = {"epochs": epochs} if case == "classification" else {"phases": ({"epochs": epochs},), "width": 8}
    changed = type(recipe).model_validate({**recipe.model_dump(), **long, "ema": None, "learning_rate": rate})
    run = tmp_path / "runs" / case
    train(changed, corpus(tmp_path / "data"), run, workers=0)
    rows = weights(run / "checkpoint.pt")["rows"]
    if case == "classification":
        assert rows[-1]["val_accuracy"] == 1.0
    else:
        # All glass called cell is 0.2 to 0.33 here.
        assert max(row["val_iou"] for row in rows) > (0.5 if case == "adversarial" else 0.75)


def test_folds_are_runs_of_their_own(tmp_path: Path) -> None:
    data = tiny.masks(tmp_path / "data")
    recipe = tiny.segmentation(splits={"by": "folds", "repeats": 2, "folds": 2}, phases=[{"epochs": 1}])
    run = tmp_path / "runs" / "tiny"
    assert train(recipe, data, run, workers=0) == run / "folds.csv"
    assert sorted(path.name for path in run.iterdir()) == [
        "folds.csv", "repeat1-fold1", "repeat1-fold2", "repeat2-fold1", "repeat2-fold2",
    ]  # fmt: skip
    with (run / "folds.csv").open(newline="") as table:
        assert [row["fold"] for row in csv.DictReader(table)] == ["1", "2", "3", "4"]
    one = tmp_path / "runs" / "one"
    train(recipe, data, one, workers=0, fold=3)
    assert same(weights(one / "repeat2-fold1" / "weights.pt"), weights(run / "repeat2-fold1" / "weights.pt"))
    with pytest.raises(RecipeError, match="4 folds, there is no fold 5"):
        train(recipe, data, one, workers=0, fold=5)


def test_the_best_epoch_is_kept_and_not_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, run = tiny.masks(tmp_path / "data"), tmp_path / "runs" / "tiny"
    losses = iter([0.5, 0.3, 0.4])
    kept = []
    monkeypatch.setattr(SegmentationLearner, "validate", lambda self: {"val_loss": next(losses)})
    monkeypatch.setattr(loop, "save", lambda state, path: kept.append(path.name))
    train(tiny.segmentation(), data, run, workers=0)
    assert kept == ["weights.pt", "checkpoint.pt", "weights.pt", "checkpoint.pt", "checkpoint.pt"]


def test_training_stops_when_the_loss_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tiny.segmentation(
        phases=[{"epochs": 50}], schedule={"kind": "plateau", "patience_epochs": 2, "stop_after_epochs": 5}, learning_rate=0.01
    )
    monkeypatch.setattr(SegmentationLearner, "validate", lambda self: {"val_loss": 1.0})
    run = tmp_path / "runs" / "tiny"
    train(recipe, tiny.masks(tmp_path / "data"), run, workers=0)
    rates = [row["learning_rate"] for row in weights(run / "checkpoint.pt")["rows"]]
    # The first epoch sets the best; two without a fall cut the rate for the next one; five end it.
    assert rates == pytest.approx([0.01, 0.01, 0.01, 0.001, 0.001, 0.0001])
    before = (run / "checkpoint.pt").read_bytes()
    train(recipe, tmp_path / "data", run, workers=0)
    assert (run / "checkpoint.pt").read_bytes() == before, "a run that is over is left as it is"


@pytest.mark.parametrize(
    ("recipe", "error", "said"),
    [
        (tiny.segmentation(architecture="u-net"), ZooError, "there is no network 'u-net'"),
        (tiny.segmentation(architecture="compact"), ZooError, "compact is a network for classification"),
        (tiny.segmentation(side_px=40), RecipeError, "side_px: unet takes sides of a multiple of 16 px"),
        (tiny.segmentation(architecture="do-unet", side_px=96), RecipeError, "4 more than a multiple of 8 px above 88 px"),
        (tiny.segmentation(channels=["red"]), RecipeError, "channels: red is none of rbc"),
        (tiny.segmentation(phases=[{"epochs": 1, "freeze_mask": True}]), RecipeError, "unet has no mask head to freeze"),
        (tiny.segmentation(levels="all"), RecipeError, "unet has one level alone"),
        (tiny.segmentation(corpus="cells"), DatasetError, "'cells' is no corpus"),
        (tiny.segmentation(phases=[{"epochs": 1, "only_with": "wbc"}]), DatasetError, "has no labelled picture for tiny"),
        (tiny.segmentation(init_from=__file__), RecipeError, "init_from: "),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_said(tmp_path: Path, recipe: Any, error: type[Exception], said: str) -> None:
    data = tiny.masks(tmp_path / "data")
    if recipe.corpus == "cells":
        (data / "cells").mkdir()
    with pytest.raises(error, match=said.replace("(", r"\(")):
        train(recipe, data, tmp_path / "runs" / "tiny", workers=0)


def test_a_run_begins_with_another_ones_weights(tmp_path: Path) -> None:
    data, first = tiny.masks(tmp_path / "data"), tmp_path / "runs" / "first"
    train(tiny.segmentation(phases=[{"epochs": 1}], keep="last"), data, first, workers=0)
    further = tiny.segmentation(init_from=first / "weights.pt", learning_rate=1e-12, phases=[{"epochs": 1}], keep="last")
    train(further, data, tmp_path / "runs" / "second", workers=0)
    before, after = weights(first / "weights.pt"), weights(tmp_path / "runs" / "second" / "weights.pt")
    learnt = [name for name, _ in architecture("unet").build(1, 2).named_parameters()]
    assert all(torch.allclose(before[name], after[name], atol=1e-8) for name in learnt)
