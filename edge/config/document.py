"""A YAML file as plain values, with the line and column of every key, so that an error can point at its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

Key = str | int
Path = tuple[Key, ...]
LARGEST_BYTES = 65_536
LARGEST_DEPTH = 20
MOST_VALUES = 5_000
# What PyYAML raises for a date such as 2026-13-45, a number such as 0x_, and tags such as !!python/object, !!bool maybe,
# !!timestamp soon and !!int "".
_UNREADABLE = (yaml.YAMLError, ValueError, OverflowError, KeyError, AttributeError, IndexError)


@dataclass(frozen=True, slots=True)
class Position:
    """Counted from 1, as editors do."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the text itself; `path` is where, () for the whole file, `text` what stands there."""

    path: Path
    position: Position | None
    what: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """`value` is made of dict, list and scalars. `positions` has each key's (or list item's) place, `texts` each
    scalar's spelling in the file; both by path from the root. `sources` names what said a value in place of the file."""

    value: object
    positions: dict[Path, Position] = field(default_factory=dict)
    texts: dict[Path, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    sources: dict[Path, str] = field(default_factory=dict)

    def source(self, path: Path) -> str | None:
        """What said the value at `path`, or one around it, in place of the file."""
        return next((self.sources[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.sources), None)

    def position(self, path: Path) -> Position | None:
        """Where `path` is, or else the nearest thing around it that is in the file."""
        if self.source(path) is not None:
            return None
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path)


def scalar(value: object) -> str:
    """A value as it is written behind a key, on one line."""
    lines = yaml.safe_dump(value, default_flow_style=True, width=2**31, allow_unicode=True).removesuffix("...\n").splitlines()
    if len(lines) > 1:  # text with line breaks: with escapes it fits one line
        lines = yaml.safe_dump(value, default_flow_style=True, width=2**31, default_style='"').splitlines()
    return str(lines[0])


def parse_document(content: bytes) -> Document:
    """Read YAML. Never raises: what is wrong is in `faults`, all of it where the syntax allows to go on."""
    composed = _compose(content)
    if isinstance(composed, Fault):
        return Document(None, faults=(composed,))
    reading = _Reading()
    value = reading.value_of(composed, ())
    return Document(value, reading.positions, reading.texts, tuple(reading.faults))


def _compose(content: bytes) -> yaml.Node | Fault:
    if len(content) > LARGEST_BYTES:
        what = f"is {len(content)} bytes; a configuration has at most {LARGEST_BYTES}: name the right file"
        return Fault((), None, what)
    position = None
    try:
        node = yaml.compose(content.decode("utf-8-sig"), yaml.SafeLoader)
        if node is not None:
            return node
        what = "is empty; `hemocam config example` prints one to begin from"
    except UnicodeDecodeError:
        what = "is no text in UTF-8: name the right file, or save it as UTF-8"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = None if mark is None else Position(mark.line + 1, mark.column + 1)
        what = f"is not YAML here: {error.problem or error.context}"
    except yaml.YAMLError as error:
        what = f"is not YAML: {' '.join(str(error).split())}"
    except RecursionError:
        what = f"nests deeper than the {LARGEST_DEPTH} levels that a configuration may have"
    return Fault((), position, what)


class _Reading:
    """One walk down the tree of nodes. An alias is walked once a use, so the number of values is limited: ten lines
    of aliases to aliases would otherwise unfold to a billion."""

    def __init__(self) -> None:
        self.positions: dict[Path, Position] = {}
        self.texts: dict[Path, str] = {}
        self.faults: list[Fault] = []
        self._values = 0
        self._constructor = yaml.constructor.SafeConstructor()

    def value_of(self, node: yaml.Node, path: Path) -> object:
        self._values += 1
        self.positions.setdefault(path, _position(node))
        if self._values > MOST_VALUES or len(path) > LARGEST_DEPTH:
            if not any(fault.path == () for fault in self.faults):
                limit = f"{MOST_VALUES} values and {LARGEST_DEPTH} levels"
                self.faults.append(
                    Fault((), _position(node), f"is more than a configuration may hold ({limit}), aliases unfolded")
                )
            return None
        if isinstance(node, yaml.MappingNode):
            return {key: self.value_of(child, (*path, key)) for key, child in self._items(node, path)}
        if isinstance(node, yaml.SequenceNode):
            return [self.value_of(child, (*path, index)) for index, child in enumerate(node.value[: MOST_VALUES + 1])]
        return self._scalar(node, path)

    def _items(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
        first_lines: dict[str, int] = {}
        for key_node, child in node.value:
            here = _position(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(Fault(path, here, "has a key that is not plain text"))
                continue
            key = str(key_node.value)
            if key in first_lines:
                what = f"is given twice (first on line {first_lines[key]}); keep one of them"
                self.faults.append(Fault((*path, key), here, what))
                continue
            first_lines[key] = here.line
            self.positions.update({(*path, key): here})
            yield key, child

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        self.texts[path] = str(node.value)
        try:
            return self._constructor.construct_object(node)
        except _UNREADABLE as error:
            reason = error.problem if isinstance(error, yaml.MarkedYAMLError) else error
            what = f"cannot be read ({reason}); put it in quotes if it is text"
            self.faults.append(Fault(path, _position(node), what, self.texts[path]))
            return None


def _position(node: yaml.Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)
