# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")
pytest.importorskip("scipy", reason="labelling needs scipy: pip install hemocam[export]")

from export.training import fit as fit_module
from export.training.fit import Crops, _learning_rate, _save, fit
from export.training.packing import simulated_patch
from export.training.recipe import Recipe
from export.training.targets import CHANNELS
from export.zoo.field import FieldNet
from tests.export.training.test_recipe import recipe as content


def recipe(**changed: object) -> Recipe:
    return Recipe.model_validate(content(checkpoint_every=2, **changed))


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, map_location="cpu", weights_only=True)


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four steps without a break."""
    run = tmp_path_factory.mktemp("whole") / "run"
    fit(recipe(), run, run)
    return run


def test_a_run_leaves_weights_that_the_network_takes(whole: Path) -> None:
    network = FieldNet(len(CHANNELS), recipe().widths)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    network.load_state_dict(weights(whole / "weights.pt"))
    assert not same(before, network.state_dict())
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())
    assert sorted(path.name for path in whole.iterdir()) == ["checkpoint.pt", "loss.csv", "recipe.json", "weights.pt"]
    assert Recipe.model_validate_json((whole / "recipe.json").read_text(encoding="utf-8")) == recipe()
    assert int(torch.load(whole / "checkpoint.pt", weights_only=True)["step"]) == 4


def test_a_run_that_was_interrupted_ends_with_the_very_same_weights(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    steps = iter(range(3))
    real = fit_module._step

    def killed(*given: object) -> float:
        if next(steps) == 2:
            raise KeyboardInterrupt
        return real(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(fit_module, "_step", killed)
        fit(recipe(), tmp_path, run)
    assert int(torch.load(run / "checkpoint.pt", weights_only=True)["step"]) == 2
    assert not same(weights(run / "weights.pt"), weights(whole / "weights.pt"))
    assert fit(recipe(), tmp_path, run) == run / "weights.pt"
    assert same(weights(run / "weights.pt"), weights(whole / "weights.pt"))
    resumed, straight = (torch.load(path / "checkpoint.pt", weights_only=True) for path in (run, whole))
    assert same(resumed["network"], straight["network"])
    assert same(resumed["average"], straight["average"])


def test_a_run_that_is_over_is_left_as_it_is(whole: Path, tmp_path: Path) -> None:
    before = (whole / "weights.pt").read_bytes()
    fit(recipe(), tmp_path, whole)
    assert (whole / "weights.pt").read_bytes() == before


def test_a_run_goes_on_from_another_runs_weights(whole: Path, tmp_path: Path) -> None:
    """At a learning rate near nothing the weights stay where they came from; the statistics of the batches move."""
    further = recipe(init_from=whole / "weights.pt", learning_rate=1e-12, weight_decay=0.0, steps=2)
    found, start = weights(fit(further, tmp_path, tmp_path / "run")), weights(whole / "weights.pt")
    learnt = [name for name, _ in FieldNet(len(CHANNELS), recipe().widths).named_parameters()]
    assert all(torch.allclose(found[name], start[name], atol=1e-8) for name in learnt)


def test_the_loss_is_written_every_fifty_steps(tmp_path: Path) -> None:
    small = recipe(widths=(2,), steps=50, simulated={"fields": 1, "side_px": 64})
    fit(small, tmp_path, tmp_path / "run")
    with (tmp_path / "run" / "loss.csv").open(newline="", encoding="utf-8") as table:
        ((step, loss),) = csv.reader(table)
    assert step == "50"
    assert 0.0 < float(loss) < 100.0


def test_a_checkpoint_that_could_not_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.pt"
    _save({"a": torch.ones(3)}, path)

    def killed(_: object, partial: Path) -> None:
        partial.write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(OSError, match="no space"):
        _save({"a": torch.zeros(3)}, path)
    assert torch.equal(weights(path)["a"], torch.ones(3))


def test_the_learning_rate_rises_then_falls_to_a_hundredth() -> None:
    long = recipe(steps=1000)
    rates = [_learning_rate(step, long) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01 / 30)
    assert max(rates) == pytest.approx(0.01)
    assert np.argmax(rates) in (29, 30)
    assert (np.diff(rates[30:]) < 0).all()
    assert rates[-1] == pytest.approx(0.0001, rel=0.01)


def test_batches_of_a_later_start_are_those_of_the_whole() -> None:
    patches = {"simulated": [simulated_patch(seed, 64, 16.0) for seed in range(2)]}
    every, later = list(Crops(patches, recipe(), 0)), list(Crops(patches, recipe(), 2))  # type: ignore[arg-type]
    assert (len(every), len(later)) == (4, 2)
    for batch, other in zip(every[2:], later, strict=True):
        assert all(torch.equal(one, two) for one, two in zip(batch, other, strict=True))
    pixels, targets, known = every[0]
    assert pixels.shape == (2, 3, 32, 32)
    assert targets.shape == known.shape == (2, len(CHANNELS), 32, 32)
    assert not torch.equal(every[0][0], every[1][0])
