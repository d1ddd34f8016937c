"""What is wrong with a configuration, told with key, line, value, what is allowed and what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path as FilePath

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edge.config.allowed import allowed_words
from edge.config.document import Document, Path, Position, scalar
from edge.config.keys import all_keys, field_at, kinds_of, sections_at, sections_of
from edge.config.secrets import without_secrets
from engines.printable import printable

LONGEST_VALUE = 60
MOST_SHOWN = 25
"""A message lists so many problems: a file that is no configuration at all may have thousands."""

IN_OUR_WORDS = {
    "string_type": "should be text",
    "string_unicode": "holds half a character, which is no text; write it out",
    "tuple_type": "should be a list: [one, another]",
    "path_type": "should be a path; put it in quotes",
}
"""By Pydantic's kinds of errors."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `key` is dotted, "" for the whole file; `value` is as it stands in the file, without secrets; `source`
    is the environment's variable or the credential that said it, None for the file."""

    what: str
    key: str = ""
    position: Position | None = None
    value: str | None = None
    allowed: tuple[str, ...] = ()
    nearest: str | None = None
    source: str | None = None

    def __str__(self) -> str:
        place = "" if self.position is None else f"line {self.position.line}, column {self.position.column}: "
        source = "" if self.source is None else f"{self.source}: "
        key = f"{self.key} " if self.key else ""
        value = "" if self.value is None else f" (found: {self.value})"
        allowed = f"; allowed: {', '.join(self.allowed)}" if self.allowed else ""
        meant = "" if self.nearest is None else f"; did you mean {self.nearest}?"
        return printable(f"{source}{place}{key}{self.what}{value}{allowed}{meant}")


class ConfigError(Exception):
    """A configuration that cannot be used; `problems` has all that is wrong with it, in the order of its lines, what the
    environment said behind them."""

    def __init__(self, path: FilePath, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems = tuple(problems)
        if len(self.problems) == 1:
            super().__init__(f"{path}: {self.problems[0]}")
        else:
            lines = "".join(f"\n  {problem}" for problem in self.problems[:MOST_SHOWN])
            more = f"\n  and {len(self.problems) - MOST_SHOWN} more" if len(self.problems) > MOST_SHOWN else ""
            super().__init__(f"{path} has {len(self.problems)} problems:{lines}{more}")


def explain(document: Document, error: ValidationError | None, model: type[BaseModel]) -> tuple[Problem, ...]:
    """The faults of the text and the errors of its values, together."""
    problems = [Problem(fault.what, dotted(fault.path), fault.position, _safe(fault.text)) for fault in document.faults]
    told = {fault.path for fault in document.faults}
    if error is not None and () not in told:
        details = ((_path(each), each) for each in error.errors(include_url=False))
        problems += [_problem(document, path, each, model) for path, each in details if path not in told]
    return tuple(sorted(problems, key=lambda each: (each.position is None, each.position and each.position.line, each.key)))


def dotted(path: Path) -> str:
    """Such as camera.paths[1]."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that is spelt most alike, in quotes; None where none is."""
    matches = difflib.get_close_matches(word.strip("'").lower(), known, n=1)
    return f"'{matches[0]}'" if matches else None


def _path(error: ErrorDetails) -> Path:
    # Pydantic puts the kind of camera into the place of an error; the file has no such level.
    location = error["loc"]
    return (location[0], *location[2:]) if len(location) > 1 and location[0] == "camera" else location


def _problem(document: Document, path: Path, error: ErrorDetails, model: type[BaseModel]) -> Problem:
    if error["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        path = (*path, "kind")
    value = _safe(document.texts.get(path))
    what = re.sub(r"^(Input|Value) ", "", error["msg"])
    allowed: tuple[str, ...] = ()
    meant: str | None = None
    match error["type"]:
        case "extra_forbidden":
            what, allowed = "is not a known key", _known_keys(model, path[:-1], document.value)
            meant = _nearest_key(str(path[-1]), path[:-1], allowed, model)
        case "missing":
            what = "is missing; add it"
        case "union_tag_not_found" | "union_tag_invalid":
            what = "is missing; add it" if value is None else "is no kind of camera"
            allowed = tuple(kind for each in sections_of(model.model_fields["camera"].annotation) for kind in kinds_of(each))
            meant = nearest(str(value), allowed)
        case "enum" | "literal_error":
            what = "has another value than those allowed"
            allowed = tuple(re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected", ""))))
            meant = nearest(str(value), allowed)
        case "model_type" | "model_attributes_type" | "dict_type":
            what, allowed = "should have keys and values", _known_keys(model, path, document.value)
        case "float_type" if (number := _number(document.texts.get(path))) is not None:
            # YAML 1.1 wants a point in a number with an exponent: 1.0e+5.
            what = f"is text to YAML; write {number}"
        case "string_type" if path in document.texts:
            what = "should be text; put it in quotes"
        case kind if kind in IN_OUR_WORDS:
            what = IN_OUR_WORDS[kind]
        case _ if field := field_at(model, path, document.value):
            words = allowed_words(field)
            allowed = (words,) if words else ()
    return Problem(what, dotted(path), document.position(path), value, allowed, meant, document.source(path))


def _safe(text: str | None) -> str | None:
    if text is None:
        return None
    text = without_secrets(text)
    return repr(text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…")


def _number(text: str | None) -> str | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return scalar(value) if isfinite(value) else None


def _nearest_key(key: str, parent: Path, known: Sequence[str], model: type[BaseModel]) -> str | None:
    """A key of the same section that is spelt alike, or else one of another section."""
    if near := nearest(key, known):
        return near
    elsewhere = {each.path[-1]: ".".join(each.path) for each in all_keys(model) if each.path[:-1] != parent}
    matches = difflib.get_close_matches(key.lower(), list(elsewhere), n=1, cutoff=0.8)
    return f"'{elsewhere[matches[0]]}'" if matches else None


def _known_keys(model: type[BaseModel], path: Path, value: object) -> tuple[str, ...]:
    """The keys of the section at `path`; where it may be one of several, those that all of them have."""
    choices = sections_at(model, path, value)
    if not choices:
        return ()
    return tuple(key for key in choices[0].model_fields if all(key in each.model_fields for each in choices))
