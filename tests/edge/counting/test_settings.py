from __future__ import annotations

import pytest

from edge.counting.settings import ClassSettings


@pytest.mark.parametrize("wrong", [{"foreground_threshold": 0.0}, {"min_area_ratio": 1.0}, {"diameter_ratio": float("nan")}])
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ClassSettings(**wrong)


def test_lengths_follow_the_red_cell() -> None:
    small = ClassSettings(diameter_ratio=0.5, min_area_ratio=0.5)
    assert small.diameter_px(28.0) == 14.0
    assert small.min_area_px(28.0) == pytest.approx(0.5 * 153.94, rel=1e-4)
