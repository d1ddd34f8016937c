from __future__ import annotations

from dataclasses import dataclass

from export.evaluation.grouping import grouped, units


@dataclass(frozen=True, slots=True)
class One:
    name: str
    group: str = ""
    scanner: str = ""


def test_by_slide_in_the_names_order() -> None:
    results = [One("1", "b"), One("2", "a"), One("3", "b")]
    assert {name: [one.name for one in found] for name, found in grouped(results, "slide").items()} == {
        "a": ["2"],
        "b": ["1", "3"],
    }
    assert list(grouped(results, "slide")) == ["a", "b"]


def test_no_table_repeats_another() -> None:
    assert grouped([One("1", "a"), One("2", "b")], "slide") == {}, "each a slide of its own"
    assert grouped([One("1", "a"), One("2", "a")], "slide") == {}, "all of one slide"
    assert grouped([One("1"), One("2")], "scanner") == {}, "nobody knows"


def test_what_is_independent() -> None:
    results = [One("1", "a"), One("2", "a"), One("3")]
    assert {name: len(found) for name, found in units(results).items()} == {"a": 2, "3": 1}
