from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge.counting.cell import CellClass, Method
from engines.contract import Tensor
from export.tuning import CARD, tune
from tests.export.test_evaluate import CENTRES, DIAMETER_PX, counter, discs, question


def with_a_faint_ghost(tensor: Tensor) -> Tensor:
    """`discs`, and a sixth red cell whose centre the network believes at 65 % only."""
    logits = discs(tensor)
    y, x = np.mgrid[: tensor.shape[1], : tensor.shape[2]]
    far = np.hypot(x - 64, y - 110)
    logits[0, 0][far < DIAMETER_PX / 2] = 6.0
    centre = np.exp(-(far**2) / (2 * (0.12 * DIAMETER_PX) ** 2))
    logits[0, 1] = np.maximum(logits[0, 1], 6.6 * centre - 6.0)
    return logits


def test_the_threshold_that_counts_best_is_found() -> None:
    made = counter(with_a_faint_ghost)
    asked = [question({CellClass.RBC: len(CENTRES)})] * 2
    best = {choice.method: choice for choice in tune(asked, made, DIAMETER_PX)}
    assert best[Method.CENTRES].accuracy == 100.0
    assert best[Method.CENTRES].settings.centre_threshold > 0.25
    assert best[Method.WATERSHED].accuracy == 80.0, "six pieces of foreground: no threshold of its own tells the ghost"
    assert best[Method.CENTRES].by_corpus == {"chula": 100.0}


def test_corpora_weigh_the_same_whatever_their_size() -> None:
    right = question({CellClass.RBC: len(CENTRES)})
    wrong = replace(question({CellClass.RBC: 10}), corpus="cbc")
    choices = list(tune([right, right, right, wrong], counter(), DIAMETER_PX))
    assert {choice.kind for choice in choices} == {CellClass.RBC}
    assert {choice.accuracy for choice in choices} == {75.0}
    assert [choice.accuracy for choice in choices] == sorted((choice.accuracy for choice in choices), reverse=True)


def test_the_manifest_names_every_setting_of_a_manifest() -> None:
    choice = next(tune([question({CellClass.RBC: 5})], counter(), DIAMETER_PX))
    found = dict(part.split(": ") for part in choice.manifest().split(", "))
    assert list(found) == list(CARD)
    assert float(found["centre_threshold"]) == choice.settings.centre_threshold
