from __future__ import annotations

from pathlib import Path

import pytest

from edge.doctor.classifier import check_classifier
from edge.doctor.finding import Level
from engines.model_names import DEFAULT_TYPES


def test_the_default_one_is_there_and_names_white_cells() -> None:
    (found,) = check_classifier(DEFAULT_TYPES)
    assert found.level is Level.OK
    assert "names white cells: segmented neutrophil" in found.text


def test_none_is_no_fault() -> None:
    (found,) = check_classifier(None)
    assert (found.level, "null" in found.text) == (Level.OK, True)


@pytest.mark.parametrize("name", ["nosuch", "field"])
def test_what_cannot_name_cells_is_an_error_with_its_cure(name: str, tmp_path: Path) -> None:
    (found,) = check_classifier(name)
    assert found.level is Level.ERROR
    assert name in found.text
    assert "counting.classifier" in str(found.cure)
