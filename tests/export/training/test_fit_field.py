# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import csv
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")
pytest.importorskip("scipy", reason="labelling needs scipy: pip install hemocam[export]")

from export.training.field_recipe import FieldRecipe
from export.training.fit_field import FieldBatches, FieldLearner
from export.training.packing import simulated_patch
from export.training.run_folder import RunFolder
from export.training.targets import CHANNELS
from export.training.training import train
from export.zoo.field import FieldNet
from tests.export.training.test_recipe import recipe as content


def recipe(**changed: object) -> FieldRecipe:
    return FieldRecipe.model_validate(content(checkpoint_every=2, **changed))


def fit(by: FieldRecipe, data: Path, run: Path) -> Path:
    return train(by, data, run, workers=0)


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
    assert RunFolder(whole).read() == recipe()
    rows = list(csv.DictReader((whole / "curves.csv").open(newline="", encoding="utf-8")))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert all(0.0 < float(row["loss"]) < 100.0 for row in rows)


def test_a_run_that_was_interrupted_ends_with_the_very_same_weights(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    steps = iter(range(3))
    real = FieldLearner.step

    def killed(learner: FieldLearner, batch: tuple[torch.Tensor, ...]) -> dict[str, float]:
        if next(steps) == 2:
            raise KeyboardInterrupt
        return real(learner, batch)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(FieldLearner, "step", killed)
        fit(recipe(), tmp_path, run)
    assert not same(weights(run / "weights.pt"), weights(whole / "weights.pt"))
    assert fit(recipe(), tmp_path, run) == run / "weights.pt"
    assert same(weights(run / "weights.pt"), weights(whole / "weights.pt"))


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


def test_a_batch_follows_from_its_step_alone() -> None:
    patches = {"simulated": [simulated_patch(seed, 64, 16.0) for seed in range(2)]}
    first, again = (FieldBatches(patches, recipe()) for _ in range(2))  # type: ignore[arg-type]
    assert first.epoch_steps == 2
    for step in (3, 0):
        assert all(torch.equal(one, two) for one, two in zip(first.batch(step), again.batch(step), strict=True))
    pixels, targets, known = first.batch(0)
    assert pixels.shape == (2, 3, 32, 32)
    assert targets.shape == known.shape == (2, len(CHANNELS), 32, 32)
    assert not torch.equal(first.batch(0)[0], first.batch(1)[0])
