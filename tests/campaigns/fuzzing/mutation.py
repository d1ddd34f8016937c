"""Damage to bytes: what disks, cables, half-finished copies and people with bad intent do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

# Sizes and offsets that parsers get wrong: the ends of 8, 16, 32 and 64 bits, signed and unsigned, and what is near them.
NUMBERS = (
    *(value for bits in (7, 8, 15, 16, 31, 32, 63, 64) for value in (2**bits - 1, 2**bits, 2**bits - 2)),
    *(0, 1, 3, 5, 100, 4096, 65_537, 1_000_003),
)
LONGEST = 4_000_000


def flip_bits(random: Random, data: bytes) -> bytes:
    """One to eight bits anywhere."""
    out = bytearray(data)
    for _ in range(random.randint(1, 8)):
        if out:
            out[random.randrange(len(out))] ^= 1 << random.randrange(8)
    return bytes(out)


def set_bytes(random: Random, data: bytes) -> bytes:
    """A few bytes of random value, often near the beginning, where headers are."""
    out = bytearray(data)
    reach = min(len(out), random.choice((64, 1024, len(out) or 1)))
    for _ in range(random.randint(1, 6)):
        if reach:
            out[random.randrange(reach)] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
    return bytes(out)


def truncate(random: Random, data: bytes) -> bytes:
    """The beginning alone."""
    return data[: random.randrange(len(data) + 1)]


def cut(random: Random, data: bytes) -> bytes:
    """A piece taken out."""
    start = random.randrange(len(data) + 1)
    return data[:start] + data[start + random.randint(1, random.choice((1, 16, 512, 8192))) :]


def repeat(random: Random, data: bytes) -> bytes:
    """A piece given several times."""
    start = random.randrange(len(data) + 1)
    piece = data[start : start + random.randint(1, random.choice((4, 64, 1024)))]
    return data[:start] + piece * random.choice((2, 3, 10, 100)) + data[start:]


def insert(random: Random, data: bytes) -> bytes:
    """Random bytes put in."""
    start = random.randrange(len(data) + 1)
    return data[:start] + random.randbytes(random.randint(1, random.choice((1, 4, 64)))) + data[start:]


def blank(random: Random, data: bytes) -> bytes:
    """A block of zeros or ones, as a bad sector or a sparse file leaves it."""
    start = random.randrange(len(data) + 1)
    length = min(len(data) - start, random.choice((16, 512, 4096)))
    return data[:start] + random.choice((b"\0", b"\xff")) * length + data[start + length :]


def set_number(random: Random, data: bytes) -> bytes:
    """An integer of 1 to 8 bytes, of either byte order, set to a value that is often mishandled."""
    size = random.choice((1, 2, 4, 8))
    if len(data) < size:
        return data
    start = random.randrange(len(data) - size + 1)
    if random.random() < 0.5:
        start = random.randrange(min(len(data) - size + 1, 256))
    value = random.choice(NUMBERS) % (1 << 8 * size)
    return data[:start] + value.to_bytes(size, random.choice(("little", "big"))) + data[start + size :]


def swap(random: Random, data: bytes) -> bytes:
    """Two blocks exchanged, as when sectors are written to each other's place."""
    size = random.choice((1, 16, 512, 4096))
    if len(data) < 2 * size:
        return data
    first, second = sorted(random.randrange(len(data) - size + 1) for _ in range(2))
    if second < first + size:
        return data
    return (
        data[:first]
        + data[second : second + size]
        + data[first + size : second]
        + data[first : first + size]
        + data[second + size :]
    )


MUTATIONS: tuple[Callable[[Random, bytes], bytes], ...] = (
    flip_bits, set_bytes, set_number, truncate, cut, repeat, insert, blank, swap,
)  # fmt: skip


def splice(random: Random, data: bytes, other: bytes) -> bytes:
    """The beginning of one and the end of another."""
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def mutate(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """One to four kinds of damage, one after the other."""
    for _ in range(random.choice((1, 1, 2, 3, 4))):
        if others and random.random() < 0.1:
            data = splice(random, data, random.choice(others))
        else:
            data = random.choice(MUTATIONS)(random, data)
    return data[:LONGEST]
