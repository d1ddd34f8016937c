# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")
pytest.importorskip("scipy", reason="training needs scipy: pip install hemocam[export]")

from export.training.crop_data import Crops
from export.training.fit_classification import ClassificationLearner
from export.training.loop import seed_everything
from export.training.optimisers import network_for
from export.training.training import train
from export.zoo import architecture
from tests.export.training import tiny

CPU = torch.device("cpu")


def crops(labels: list[int]) -> Crops:
    rng = np.random.default_rng(0)
    return Crops(rng.integers(0, 255, (len(labels), 32, 32, 3), dtype=np.uint8), np.array(labels, np.int64))


def learner(train_on: Crops, val: Crops | None = None, **changed: Any) -> ClassificationLearner:
    recipe = tiny.classification(**changed)
    seed_everything(recipe.seed)
    made = ClassificationLearner(recipe, train_on, val, CPU)
    made.begin(0)
    return made


def fixed(made: ClassificationLearner, logits: torch.Tensor) -> None:
    """The learner's network says these whatever it sees."""
    made._logits = lambda pixels: logits[: len(pixels)].clone().requires_grad_()  # type: ignore[method-assign]


def test_the_weighted_loss_by_hand() -> None:
    """Three of the first class, one of the second: weights 4 / (3 * 2) and 4 / (1 * 2); even logits cost ln 2 each."""
    batch = (torch.zeros(2, 3, 32, 32, dtype=torch.uint8), torch.tensor([0, 1]))
    for kind, expected in (("none", np.log(2)), ("balanced", np.log(2) * (4 / 6 + 4 / 2) / 2)):
        made = learner(crops([0, 0, 0, 1]), class_weights=kind)
        fixed(made, torch.zeros(2, 2))
        found = made.step(batch)
        assert found["loss"] == pytest.approx(expected)
        assert found["accuracy"] == 0.5


def test_validation_by_hand() -> None:
    """Of three of the first class one is right, of one of the second one: accuracy 2/4, recall (1/3 + 1) / 2, no weights."""
    made = learner(crops([0, 0, 0, 1]), crops([0, 0, 0, 1]), class_weights="balanced")
    fixed(made, torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]))
    found = made.validate()
    right, wrong = np.log(1 + np.exp(-1)), np.log(1 + np.exp(1))
    assert found["val_loss"] == pytest.approx((2 * right + 2 * wrong) / 4)
    assert (found["val_accuracy"], found["val_recall"]) == pytest.approx((0.5, (1 / 3 + 1) / 2))
    assert learner(crops([0, 1])).validate() == {}


def test_norms_keep_as_much_as_the_recipe_says() -> None:
    made = network_for(tiny.classification(norm_momentum=0.9), lambda: architecture("compact").build(2, 32), CPU)
    momenta = [layer.momentum for layer in made.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    assert momenta == pytest.approx([0.1] * 8)


def test_a_keras_network_resumes_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its dropout has seeds of its own, its running means are parameters, its momentum is named the other way round."""
    if importlib.util.find_spec("keras") is None:
        pytest.skip('needs Keras: pip install "hemocam[keras]"')
    recipe = tiny.classification(
        architecture="mobilenetv3-small", norm_momentum=0.8, ema=0.9, epochs=2, epoch_steps=2, keep="last", optimiser="adamw"
    )
    data = tiny.crops(tmp_path / "data")
    train(recipe, data, tmp_path / "runs" / "straight", workers=0)
    count, real = iter(range(99)), ClassificationLearner.step

    def killed(self: Any, batch: Any) -> dict[str, float]:
        if next(count) == 3:
            raise KeyboardInterrupt
        found = real(self, batch)
        momenta = {layer.momentum for layer in self.network.network.layers if type(layer).__name__ == "BatchNormalization"}
        assert momenta == {0.8}
        return found

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(ClassificationLearner, "step", killed)
        train(recipe, data, tmp_path / "runs" / "broken", workers=0)
    train(recipe, data, tmp_path / "runs" / "broken", workers=0)
    straight, broken = (
        torch.load(tmp_path / "runs" / name / "weights.pt", weights_only=True) for name in ("straight", "broken")
    )
    assert straight.keys() == broken.keys()
    assert all(torch.equal(straight[name], broken[name]) for name in straight)
    seed_everything(recipe.seed)
    fresh = network_for(recipe, lambda: architecture("mobilenetv3-small").build(2, 32), CPU)
    start = {name: value.clone() for name, value in fresh.state_dict().items()}
    fresh.load_state_dict(straight)
    assert sum(not torch.equal(straight[name], start[name]) for name in straight) > 0.5 * len(straight)
