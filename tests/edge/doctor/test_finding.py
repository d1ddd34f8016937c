from __future__ import annotations

import pytest

from edge.doctor.finding import Finding, Level, worst


def test_a_trouble_without_a_cure_is_no_finding() -> None:
    with pytest.raises(ValueError, match="no cure"):
        Finding("disk", Level.WARNING, "it is full")
    assert Finding("disk", Level.OK, "it is not").cure == ""


def test_the_exit_code_is_the_gravest() -> None:
    ok, warning, error = (Finding("disk", level, "…", "…") for level in Level)
    assert [worst(each).exit_code for each in ([], [ok], [ok, warning], [error, ok, warning])] == [0, 0, 1, 2]


def test_as_json_it_is_plain_text() -> None:
    assert Finding("disk", Level.WARNING, "full", "empty it").as_json() == {
        "check": "disk", "level": "warning", "text": "full", "cure": "empty it"
    }  # fmt: skip
