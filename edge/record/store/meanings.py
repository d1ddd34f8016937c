"""What a value must say beyond its type, each with the neutral value that a repair sets in the place of a wrong one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from pathlib import PurePosixPath
from typing import Any

LARGEST = 1.7e308
"""A REAL beyond it is infinite, or about to be as soon as somebody adds to it."""
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PICTURE_BYTES = 255
_MANY_BRACKETS = 100


@dataclass(frozen=True, slots=True)
class Meaning:
    """`read` gives what the value stands for, or raises ValueError, TypeError or RecursionError."""

    read: Callable[[Any], object]
    neutral: object


def moment(text: str) -> datetime:
    """A time in ISO 8601 with a timezone."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None or when.utcoffset() is None:
        raise ValueError(f"{text} is without a timezone")
    return when


def mapping(text: str) -> dict[str, object]:
    """A JSON object, nested no deeper than can be written again."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"{text[:40]} is no JSON object")
    if text.count("[") + text.count("{") > _MANY_BRACKETS:
        json.dumps(value, indent=1)  # as a report does; a level takes more of Python's stack to write than to read
    return value


def numbers(text: str) -> dict[str, int]:
    """A JSON object of whole numbers."""
    value = json.loads(text)
    if not isinstance(value, dict) or not all(type(number) is int for number in value.values()):
        raise ValueError(f"{text[:40]} is no JSON object of whole numbers")
    return value


def sentences(text: str) -> tuple[str, ...]:
    """A JSON list of texts."""
    value = json.loads(text)
    if not isinstance(value, list) or not all(isinstance(sentence, str) for sentence in value):
        raise ValueError(f"{text[:40]} is no JSON list of texts")
    return tuple(value)


def session_id(text: str) -> str:
    """A session's name is its lock's file and its pictures' folder: no path, and nothing that a file may not be called."""
    if not _SESSION_ID.fullmatch(text):
        raise ValueError(f"{text[:40]!a} is no session's name")
    return text


def picture_name(text: str) -> str:
    """A picture's path inside the record's folder. Retention deletes what it names, so it can be nothing but a picture."""
    path = PurePosixPath(text)
    inside = not path.is_absolute() and ".." not in path.parts and "\0" not in text
    if not inside or path.suffix not in (".jpg", ".png") or len(text.encode()) > _PICTURE_BYTES:
        raise ValueError(f"{text[:40]!a} is no picture's name")
    return text


def finite(number: float) -> float:
    if not abs(number) <= LARGEST:
        raise ValueError(f"{number} is infinite")
    return number


def positive(number: float) -> float:
    if not (number > 0 and isfinite(1 / number)):
        raise ValueError(f"{number} is not above 0")
    return finite(number)


TIME = Meaning(moment, "1970-01-01T00:00:00.000000+00:00")
YES_OR_NO = Meaning(bool, 0)
FINITE = Meaning(finite, 0.0)
_UM_PER_PX = Meaning(positive, None)
_SESSION = Meaning(session_id, "recovered")
MEANINGS: Mapping[tuple[str, str], Meaning] = {
    **dict.fromkeys((("session", "started"), ("session", "finished"), ("slide", "started"), ("field", "wall_time")), TIME),
    **dict.fromkeys((("field", "undone"), ("field", "image_dropped"), ("note", "written"), ("event", "at")), TIME),
    **dict.fromkeys((("session", "simulated"), ("session", "clock_trusted"), ("field", "clock_trusted")), YES_OR_NO),
    **dict.fromkeys((("session", "um_per_px"), ("field", "um_per_px")), _UM_PER_PX),
    **dict.fromkeys(((table, "session_id") for table in ("rejection", "slide", "note", "event")), _SESSION),
    ("session", "id"): _SESSION,
    ("session", "settings"): Meaning(mapping, "{}"),
    ("field", "image"): Meaning(picture_name, None),
    ("field", "marks"): Meaning(sentences, "[]"),
    ("field_class", "by_method"): Meaning(numbers, "{}"),
}
