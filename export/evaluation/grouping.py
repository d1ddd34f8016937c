"""Results by slide and by scanner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Protocol, TypeVar


class Grouped(Protocol):
    """What says where it comes from; an empty word says that the corpus does not know."""

    @property
    def name(self) -> str: ...

    @property
    def group(self) -> str: ...

    @property
    def scanner(self) -> str: ...


Result = TypeVar("Result", bound=Grouped)

GROUPINGS: Mapping[str, Callable[[Grouped], str]] = MappingProxyType(
    {"slide": lambda one: one.group, "scanner": lambda one: one.scanner}
)


def grouped(results: Iterable[Result], by: str) -> dict[str, list[Result]]:
    """Results by `slide` or `scanner`, in the names' order. Empty where the corpus does not tell, where all are one group, or
    where each result is a group of its own: no table repeats what another says."""
    found: dict[str, list[Result]] = {}
    all_results = list(results)
    for one in all_results:
        name = GROUPINGS[by](one)
        if name:
            found.setdefault(name, []).append(one)
    if len(found) in (1, len(all_results)):
        return {}
    return dict(sorted(found.items()))


def units(results: Iterable[Result]) -> dict[str, list[Result]]:
    """What may be taken as independent of each other: slides where the corpus tells them, else single fields."""
    found: dict[str, list[Result]] = {}
    for one in results:
        found.setdefault(one.group or one.name, []).append(one)
    return found
