"""Values that come from the environment or from systemd's credentials in place of the file: meant for what is secret.

`HEMOCAM__CAMERA__ADDRESS=rtsp://name:password@host/1` is the key camera.address, and so is a credential named
`hemocam.camera.address` (systemd's LoadCredential=, read from $CREDENTIALS_DIRECTORY). The environment wins over a credential,
and both over the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath

from pydantic import BaseModel

from edge.config.allowed import allowed_words, is_free_text, takes_text
from edge.config.document import Document, parse_document
from edge.config.errors import Problem, nearest
from edge.config.keys import Key, all_keys

VARIABLE = "HEMOCAM__"
CREDENTIAL = "hemocam."
CREDENTIALS = "CREDENTIALS_DIRECTORY"


@dataclass(frozen=True, slots=True)
class Override:
    """`name` is the variable's or the credential's, `key` the path in lower case that it names."""

    name: str
    key: tuple[str, ...]
    text: str


def variable_of(key: Sequence[str]) -> str:
    """The variable that sets a key."""
    return VARIABLE + "__".join(key).upper()


def read_overrides(environment: Mapping[str, str]) -> tuple[list[Override], list[Problem]]:
    """All there are, in the order in which they hold: a later one wins. An unreadable credential is a problem."""
    found, problems = [], []
    folder = environment.get(CREDENTIALS, "")
    try:
        files = sorted(FilePath(folder).glob(f"{CREDENTIAL}*")) if folder else []
        for file in files:
            key = tuple(file.name.removeprefix(CREDENTIAL).split("."))
            found.append(Override(file.name, key, file.read_text("utf-8").rstrip("\r\n")))
    except (OSError, ValueError) as error:
        problems.append(Problem(f"cannot be read ({error}); check LoadCredential= of the unit", source=f"${CREDENTIALS}"))
    for name in sorted(environment):
        if name.startswith(VARIABLE):
            key = tuple(name.removeprefix(VARIABLE).lower().split("__"))
            found.append(Override(name, key, environment[name]))
    return found, problems


def override(
    document: Document, overrides: Sequence[Override], model: type[BaseModel]
) -> tuple[Document, list[Problem]]:  # fmt: skip
    """The document with the values put in, each naming its source, and a problem for each that does not fit."""
    if not isinstance(document.value, dict):
        return document, []
    known: dict[tuple[str, ...], Key] = {}
    for key in all_keys(model):
        known.setdefault(key.path, key)
    problems = []
    document = _of_one_kind(document, overrides)
    for one in overrides:
        wrong = _set(document, one, known)
        if isinstance(wrong, Problem):
            problems.append(wrong)
        else:
            document = wrong
    return document, problems


def _of_one_kind(document: Document, overrides: Sequence[Override]) -> Document:
    """Where another kind of camera is set from outside, what the file says of its own camera does not hold for it."""
    value, kinds = document.value, [one.text for one in overrides if one.key == ("camera", "kind")]
    camera = value.get("camera") if isinstance(value, dict) else None
    if not kinds or not isinstance(camera, dict) or camera.get("kind") == kinds[-1]:
        return document
    return replace(
        document, value=_with(value, ("camera",), {}),
        texts={path: text for path, text in document.texts.items() if path[0] != "camera"},
        faults=tuple(fault for fault in document.faults if fault.path[:1] != ("camera",)),
    )  # fmt: skip


def _set(document: Document, one: Override, known: Mapping[tuple[str, ...], Key]) -> Document | Problem:
    key = known.get(one.key)
    if key is None:
        names = [_named_like(one, path) for path, each in known.items() if not each.sections]
        return Problem("names no key of the configuration", nearest=_nearest(one.name, names), source=one.name)
    whole = bool(key.sections) and not _takes_one_word(key)
    if whole:
        below = ", ".join(_named_like(one, path) for path in known if path[:-1] == one.key)
        return Problem("names a section; name one of its keys", allowed=(below,), source=one.name)
    if takes_text(key.field):
        value: object = one.text
    else:
        parsed = parse_document(one.text.encode(errors="surrogateescape"))
        if parsed.faults:
            what = "is empty; give a value or take it away" if not one.text.strip() else "cannot be read"
            words = allowed_words(key.field)
            return Problem(what, ".".join(one.key), allowed=(words,) if words else (), source=one.name)
        value = parsed.value
    if not _has_room(document.value, one.key):
        parent = ".".join(one.key[:-1])
        return Problem(f"cannot be set, for {parent} in the file has no keys", ".".join(one.key), source=one.name)
    texts = {path: text for path, text in document.texts.items() if path[: len(one.key)] != one.key}
    if not is_free_text(key.field):
        texts[one.key] = one.text
    return replace(
        document, value=_with(document.value, one.key, value), texts=texts, sources={**document.sources, one.key: one.name},
        faults=tuple(fault for fault in document.faults if fault.path != one.key),
    )  # fmt: skip


def _takes_one_word(key: Key) -> bool:
    """counting.method is a section that may be a single word."""
    return key.path == ("counting", "method")


def _named_like(one: Override, key: tuple[str, ...]) -> str:
    return variable_of(key) if one.name.startswith(VARIABLE) else CREDENTIAL + ".".join(key)


def _nearest(name: str, names: Sequence[str]) -> str | None:
    by_lower = {each.lower(): each for each in names}
    near = nearest(name, list(by_lower))
    return None if near is None else by_lower[near.strip("'")]


def _has_room(value: object, key: tuple[str, ...]) -> bool:
    for part in key[:-1]:
        if not isinstance(value, dict):
            return False
        value = value.get(part, {})
    return isinstance(value, dict)


def _with(value: object, key: tuple[str, ...], leaf: object) -> object:
    if not key:
        return leaf
    mapping = value if isinstance(value, dict) else {}
    return {**mapping, key[0]: _with(mapping.get(key[0]), key[1:], leaf)}
