"""Protocol Buffers on the wire, as far as it takes to build a small ONNX file and to change any of one field by field.

See protobuf.dev/programming-guides/encoding: a field is a varint of (number << 3 | type), then a varint (type 0), 8 bytes (1),
a length and so many bytes (2: text, bytes or a message) or 4 bytes (5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from tests.campaigns.fuzzing.mutation import NUMBERS, mutate

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}


@dataclass(frozen=True, slots=True)
class WireField:
    """`value` is a number for a varint and the raw bytes for anything else."""

    number: int
    kind: int
    value: int | bytes


def message(*fields: tuple[int, int | str | bytes]) -> bytes:
    """A message of (number, value): numbers become varints, text and messages bytes."""
    return encoded(
        WireField(number, VARINT, value)
        if isinstance(value, int)
        else WireField(number, BYTES, value.encode() if isinstance(value, str) else value)
        for number, value in fields
    )


def encoded(fields: Iterable[WireField]) -> bytes:
    out = bytearray()
    for field in fields:
        out += _varint(field.number << 3 | field.kind)
        if isinstance(field.value, int):
            out += _varint(field.value)
        else:
            out += (_varint(len(field.value)) if field.kind == BYTES else b"") + field.value
    return bytes(out)


def parsed(data: bytes) -> list[WireField] | None:
    """The fields of a message, or None where the bytes are none."""
    fields, at = [], 0
    while at < len(data):
        key = _read_varint(data, at)
        if key is None or key[0] < 8:
            return None
        number, kind, at = key[0] >> 3, key[0] & 7, key[1]
        if kind == VARINT:
            value = _read_varint(data, at)
            if value is None:
                return None
            fields.append(WireField(number, kind, value[0]))
            at = value[1]
            continue
        size = _FIXED.get(kind)
        if kind == BYTES:
            length = _read_varint(data, at)
            if length is None:
                return None
            size, at = length
        if size is None or at + size > len(data):
            return None
        fields.append(WireField(number, kind, data[at : at + size]))
        at += size
    return fields


def mutate_message(random: Random, data: bytes) -> bytes:
    """One field somewhere in the message, or in a message in it, changed, doubled, moved or left out."""
    fields = parsed(data)
    if not fields:
        return mutate(random, data, ())
    # By the root of their length: the graph is most of a model, and weights are most of a graph but say least.
    weights = [1.0 if isinstance(each.value, int) else 1.0 + len(each.value) ** 0.5 for each in fields]
    at = random.choices(range(len(fields)), weights)[0]
    field = fields[at]
    if isinstance(field.value, bytes) and field.kind == BYTES and random.random() < 0.8 and parsed(field.value):
        fields[at] = replace(field, value=mutate_message(random, field.value))
        return encoded(fields)
    match random.randrange(6):
        case 0:
            del fields[at]
        case 1:
            fields.insert(random.randrange(len(fields) + 1), field)
        case 2:
            other = random.randrange(len(fields))
            fields[at], fields[other] = fields[other], fields[at]
        case 3:
            fields[at] = replace(field, number=random.randint(1, 30))
        case 4:
            fields[at] = replace(random.choice(fields), number=field.number)
        case _:
            fields[at] = replace(field, value=_other(random, field.value))
    return encoded(fields)


def _other(random: Random, value: int | bytes) -> int | bytes:
    if isinstance(value, int):
        return random.choice((*NUMBERS, value + 1, max(0, value - 1), value ^ 1 << random.randrange(8), 2**64 - 1))
    return mutate(random, value, ())


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int] | None:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            return None
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    return None
