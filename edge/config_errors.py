"""What is wrong with a configuration, told with key, line, value, what is allowed and what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edge.yaml_document import Document, Path, Position

LONGEST_VALUE = 60
SECRET = re.compile(r"(?<=://)[^/\s\"]+(?=@)")  # what stands before @ in an address


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `key` is dotted, "" for the whole file; `value` is as it stands in the file, without secrets."""

    what: str
    key: str = ""
    position: Position | None = None
    value: str | None = None
    allowed: tuple[str, ...] = ()
    nearest: str | None = None

    def __str__(self) -> str:
        place = "" if self.position is None else f"line {self.position.line}, column {self.position.column}: "
        key = f"{self.key} " if self.key else ""
        value = "" if self.value is None else f" (found: {self.value})"
        allowed = f"; allowed: {', '.join(self.allowed)}" if self.allowed else ""
        meant = "" if self.nearest is None else f"; did you mean {self.nearest}?"
        return f"{place}{key}{self.what}{value}{allowed}{meant}"


class ConfigError(Exception):
    """A configuration that cannot be used; `problems` has all that is wrong with it, in the order of its lines."""

    def __init__(self, path: FilePath, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems = tuple(problems)
        if len(self.problems) == 1:
            super().__init__(f"{path}: {self.problems[0]}")
        else:
            lines = "".join(f"\n  {problem}" for problem in self.problems)
            super().__init__(f"{path} has {len(self.problems)} problems:{lines}")


def explain(document: Document, error: ValidationError | None, model: type[BaseModel]) -> tuple[Problem, ...]:
    """The faults of the text and the errors of its values, together."""
    problems = [Problem(fault.what, _dotted(fault.path), fault.position, _safe(fault.text)) for fault in document.faults]
    told = {fault.path for fault in document.faults}
    if error is not None and () not in told:
        details = ((_path(each), each) for each in error.errors(include_url=False))
        problems += [_problem(document, path, each, model) for path, each in details if path not in told]
    return tuple(sorted(problems, key=lambda each: (each.position is None, each.position and each.position.line, each.key)))


def _path(error: ErrorDetails) -> Path:
    # Pydantic puts the kind of camera into the place of an error; the file has no such level.
    location = error["loc"]
    return (location[0], *location[2:]) if len(location) > 1 and location[0] == "camera" else location


def _problem(document: Document, path: Path, error: ErrorDetails, model: type[BaseModel]) -> Problem:
    context = error.get("ctx", {})
    if error["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        path = (*path, "kind")
    value = _shown(document, path)
    what = re.sub(r"^(Input|Value) ", "", error["msg"])
    allowed: tuple[str, ...] = ()
    nearest: str | None = None
    match error["type"]:
        case "extra_forbidden":
            what, allowed = "is not a known key", _known_keys(model, path[:-1], document.value)
            nearest = _nearest_key(str(path[-1]), path[:-1], allowed, model)
        case "missing":
            what = "is missing; add it"
        case "union_tag_not_found" | "union_tag_invalid":
            what = "is missing; add it" if value is None else "is no kind of camera"
            allowed = tuple(kind for each in _models(model.model_fields["camera"].annotation) for kind in _kinds(each))
            nearest = _nearest(str(value), allowed)
        case "enum" | "literal_error":
            what, allowed = (
                "has another value than those allowed",
                tuple(re.findall(r"'([^']*)'", str(context.get("expected", "")))),
            )
            nearest = _nearest(str(value), allowed)
        case "model_type" | "model_attributes_type" | "dict_type":
            what, allowed = "should have keys and values", _known_keys(model, path, document.value)
        case "string_type" if path in document.texts:
            what = "should be text; put it in quotes"
        case "string_type":
            what = "should be text"
        case "tuple_type":
            what = "should be a list: [one, another]"
        case "path_type":
            what = "should be a path; put it in quotes"
    return Problem(what, _dotted(path), document.position(path), value, allowed, nearest)


def _dotted(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _shown(document: Document, path: Path) -> str | None:
    return _safe(document.texts.get(path))


def _safe(text: str | None) -> str | None:
    if text is None:
        return None
    text = SECRET.sub("***", text)
    return repr(text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…")


def _nearest(word: str, known: Sequence[str]) -> str | None:
    matches = difflib.get_close_matches(word.strip("'").lower(), known, n=1)
    return f"'{matches[0]}'" if matches else None


def _nearest_key(key: str, parent: Path, known: Sequence[str], model: type[BaseModel]) -> str | None:
    """A key of the same section that is spelt alike, or else one of another section."""
    if near := _nearest(key, known):
        return near
    elsewhere = {path[-1]: ".".join(path) for path in _all_keys(model) if path[:-1] != parent}
    matches = difflib.get_close_matches(key.lower(), list(elsewhere), n=1, cutoff=0.8)
    return f"'{elsewhere[matches[0]]}'" if matches else None


def _all_keys(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, described in model.model_fields.items():
        yield (*path, name)
        for child in _models(described.annotation):
            yield from _all_keys(child, (*path, name))


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for each in get_args(annotation) for model in _models(each)]


def _kinds(model: type[BaseModel]) -> tuple[str, ...]:
    described = model.model_fields.get("kind")
    return get_args(described.annotation) if described and get_origin(described.annotation) is Literal else ()


def _known_keys(model: type[BaseModel], path: Path, value: object) -> tuple[str, ...]:
    """The keys of the section at `path`; where it may be one of several, those of the kind that stands in the file."""
    choices = [model]
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
        described = choices[0].model_fields.get(str(key))
        choices = _models(described.annotation) if described else []
        kind = value.get("kind") if isinstance(value, dict) else None
        choices = [each for each in choices if kind in _kinds(each)] or choices
        if not choices:
            return ()
    return tuple(key for key in choices[0].model_fields if all(key in each.model_fields for each in choices))
