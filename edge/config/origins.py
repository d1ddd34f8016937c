"""What holds, value by value, and who said so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge.config.document import Document, scalar
from edge.config.loading import Loaded
from edge.config.secrets import masked

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that holds, without secrets. `origin` is `line 12`, a variable or credential, or `default`."""

    path: tuple[str, ...]
    value: object
    origin: str


def settings_of(loaded: Loaded) -> list[Setting]:
    """Every value of the configuration, in the schema's order."""
    return list(_settings(loaded.config.model_dump(mode="json"), (), loaded.document))


def shown(loaded: Loaded) -> str:
    """The settings as YAML that means the same (but for secrets), each with its origin in a comment."""
    lines: list[tuple[str, str]] = []
    before: tuple[str, ...] = ()
    for one in settings_of(loaded):
        for depth, section in enumerate(one.path[:-1]):
            if before[: depth + 1] != one.path[: depth + 1]:
                lines.append((f"{'  ' * depth}{section}:", ""))
        lines.append((f"{'  ' * (len(one.path) - 1)}{one.path[-1]}: {scalar(one.value)}", one.origin))
        before = one.path
    column = min(60, max((len(text) for text, origin in lines if origin), default=0))
    return "".join(f"{text:<{column}}  # {origin}\n" if origin else f"{text}\n" for text, origin in lines)


def _settings(value: Mapping[str, object], path: tuple[str, ...], document: Document) -> Iterator[Setting]:
    for name, each in value.items():
        here = (*path, name)
        if isinstance(each, dict):
            yield from _settings(each, here, document)
        else:
            yield Setting(here, masked(each), _origin(here, document))


def _origin(path: tuple[str, ...], document: Document) -> str:
    if source := document.source(path):
        return source
    # `method: hough` stands for its three classes.
    said = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in document.positions), path[:1])
    if said == path or said in document.texts:
        return f"line {document.positions[said].line}"
    return DEFAULT
