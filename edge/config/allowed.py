"""What a key takes, in words, read off its type and bounds."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo


def allowed_words(field: FieldInfo) -> str:
    """Such as `a whole number from 64 to 8192, or null`; "" where the type says nothing that helps."""
    return _words(field.annotation, field.metadata)


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """The words that a key with a fixed set of them takes; empty for any other key."""
    return _choices(field.annotation)


def takes_text(field: FieldInfo) -> bool:
    """Whether a value is taken as it is spelt: text, a path or one of a set of words."""
    return any(_is_text(each) for each in _alternatives(field.annotation))


def is_free_text(field: FieldInfo) -> bool:
    """Whether it may be any text, and so a secret."""
    return takes_text(field) and not choices_of(field)


def _alternatives(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [one for each in get_args(annotation) for one in _alternatives(each)]
    return [annotation]


def _is_text(annotation: Any) -> bool:
    if get_origin(annotation) is Literal:
        return True
    return isinstance(annotation, type) and issubclass(annotation, str | Path | Enum)


def _choices(annotation: Any) -> tuple[str, ...]:
    words: list[str] = []
    for each in _alternatives(annotation):
        if get_origin(each) is Literal:
            words += map(str, get_args(each))
        elif isinstance(each, type) and issubclass(each, Enum):
            words += [str(one.value) for one in each]
    return tuple(words)


def _words(annotation: Any, metadata: Iterable[Any]) -> str:
    bounds = [one for each in metadata for one in (each.metadata if isinstance(each, FieldInfo) else [each])]
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _words(inner, [*bounds, *more])
    if origin in (Union, UnionType):
        kinds = get_args(annotation)
        words = " or ".join(filter(None, (_words(each, bounds) for each in kinds if each is not NoneType)))
        return f"{words}{',' if ' or ' in words else ''} or null" if NoneType in kinds else words
    if origin is Literal or (isinstance(annotation, type) and issubclass(annotation, Enum)):
        return _listed(_choices(annotation))
    if origin is tuple:
        return "a list of paths"
    if not isinstance(annotation, type) or issubclass(annotation, BaseModel):
        return ""
    return {bool: "true or false", int: "a whole number", float: "a number", str: "text"}.get(annotation, "a path") + _bounds(
        bounds
    )


def _listed(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _bounds(metadata: Iterable[Any]) -> str:
    low = high = None
    text = ""
    for each in metadata:
        match each:
            case Ge(ge=bound):
                low = bound
            case Le(le=bound):
                high = bound
            case Gt(gt=bound):
                text += f" greater than {bound:g}"
            case Lt(lt=bound):
                text += f" less than {bound:g}"
            case MaxLen(max_length=most):
                text += f" of at most {most} characters"
            case MinLen(min_length=1):
                text = f", not empty,{text}"
    if low is not None and high is not None:
        text += f" from {low} to {high}"
    elif low is not None:
        text += f", {low} or more"
    return text
