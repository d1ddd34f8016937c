"""Every key that a configuration may have, found in the schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from edge.config.document import Path


@dataclass(frozen=True, slots=True)
class Key:
    """`sections` are what may stand below it: none for a value, several where a `kind` decides."""

    path: tuple[str, ...]
    field: FieldInfo
    sections: tuple[type[BaseModel], ...]


def all_keys(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Key]:
    """Sections and values, a section before what is in it; a key of several kinds of camera comes once a kind."""
    for name, field in model.model_fields.items():
        sections = sections_of(field.annotation)
        yield Key((*path, name), field, sections)
        for section in sections:
            yield from all_keys(section, (*path, name))


def sections_of(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The models among an annotation's alternatives."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return (annotation,) if issubclass(annotation, BaseModel) else ()
    return tuple(model for each in get_args(annotation) for model in sections_of(each))


def kinds_of(model: type[BaseModel]) -> tuple[str, ...]:
    """What the section's `kind` may be; empty where it has none."""
    field = model.model_fields.get("kind")
    return get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()


def sections_at(model: type[BaseModel], path: Path, value: object) -> tuple[type[BaseModel], ...]:
    """What the section at `path` may be; where a kind decides, that of the kind that stands in `value`."""
    choices: Sequence[type[BaseModel]] = [model]
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
        field = choices[0].model_fields.get(str(key))
        choices = sections_of(field.annotation) if field else ()
        kind = value.get("kind") if isinstance(value, dict) else None
        choices = [each for each in choices if kind in kinds_of(each)] or choices
        if not choices:
            break
    return tuple(choices)


def field_at(model: type[BaseModel], path: Path, value: object) -> FieldInfo | None:
    """The key at `path`; for an item of a list, the list's."""
    named = [part for part in path if isinstance(part, str)]
    if not named:
        return None
    parents = sections_at(model, tuple(named[:-1]), value)
    return next((each.model_fields[named[-1]] for each in parents if named[-1] in each.model_fields), None)
