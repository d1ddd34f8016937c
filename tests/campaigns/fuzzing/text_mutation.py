"""Damage to YAML: typing errors, values of other kinds, structure that is not what was meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from tests.campaigns.fuzzing.mutation import mutate

_NUMBERS = (
    *("0", "-1", "-0.0", "1e999", "-1e-999", ".inf", "-.inf", ".nan", "0x_", "0b2", "09", "1:99", "1_000", "9" * 400, "1e5"),
    *("4.9e-324", "1.5", "1000000", "99999999999"),
)
WORDS = (
    *("null", "~", "yes", "off", "true", "''", '""', "-", "?", ":", "&a", "*a", "&a [*a]", "|", ">", "<<", "%TAG", "[a]"),
    *("!!python/object:os.system x", "!!int ''", "!!float ''", "!!bool maybe", "!!timestamp soon", "!!binary a", "!!set {a}"),
    *("!!map x", "!!omap x", "2026-99-99", "2026-01-01", "2026-01-01T00:00:00+99:99", "~nobody/x", "~/x", "/", "..", "../../x"),
    *("a\\0b", '"\\0"', '"\\ud800"', '"\\x1b[2J"', "[]", "{}", "{a: b}", "[[[[]]]]", "{a: {b: {c: {}}}}", "é", "\u202e"),
    *("\U0001f9ea", "x" * 600, "\x85", "\ufeff", "v4l2", "images", "video", "rtsp://a:b@c", "cpu", "hough", "all", "debug"),
    *("fp32", "field", "classification"),
    *_NUMBERS,
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_LETTERS = "abcdefghijklmnopqrstuvwxyz_:-{}[]#'\"! 0129\t"


def mistype(random: Random, text: str) -> str:
    """Letters left out, doubled, exchanged or put in."""
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(text) + 1)
        kind = random.randrange(4)
        two = text[at : at + 2]
        piece = ("", two[:1] * 2, two[::-1], random.choice(_LETTERS) + two[:1])[kind]
        text = text[:at] + piece + text[at + (2 if kind == 2 else 1) :]
    return text


def other_value(random: Random, text: str) -> str:
    """A key's value exchanged for one of WORDS."""
    lines = text.splitlines()
    at = _line(random, lines)
    key, colon, _value = lines[at].partition(":")
    lines[at] = f"{key}{colon or ':'} {random.choice(WORDS)}"
    return "\n".join(lines)


def other_key(random: Random, text: str) -> str:
    """A key exchanged for one of WORDS, or for another of the same text."""
    lines = text.splitlines()
    at, other = _line(random, lines), _line(random, lines)
    key, _colon, value = lines[at].partition(":")
    indent = key[: len(key) - len(key.lstrip())]
    lines[at] = f"{indent}{random.choice((random.choice(WORDS), lines[other].partition(':')[0].strip()))}:{value}"
    return "\n".join(lines)


def other_number(random: Random, text: str) -> str:
    """A number exchanged for a strange one."""
    found = list(_NUMBER.finditer(text))
    if not found:
        return text
    one = random.choice(found)
    value = float(one[0])
    new = random.choice((f"-{one[0]}", f"{one[0]}0000", f"{value / 1000:g}", f"{one[0]}e308", "0", f"{one[0]}.5", *_NUMBERS))
    return text[: one.start()] + new + text[one.end() :]


def reindent(random: Random, text: str) -> str:
    """A line moved into another section."""
    lines = text.splitlines()
    at = _line(random, lines)
    lines[at] = random.choice(("  " + lines[at], lines[at][1:], lines[at].lstrip(), "\t" + lines[at], "- " + lines[at]))
    return "\n".join(lines)


def move_lines(random: Random, text: str) -> str:
    """A block of lines left out, given twice or given elsewhere."""
    lines = text.splitlines()
    start, target = _line(random, lines), _line(random, lines)
    block = lines[start : start + random.randint(1, 5)]
    if random.random() < 0.5:
        del lines[start : start + len(block)]
    if random.random() < 0.7:
        lines[target:target] = block
    return "\n".join(lines)


def nest(random: Random, text: str) -> str:
    """A value wrapped deeply, or aliases that unfold to very much."""
    lines = text.splitlines()
    at = _line(random, lines)
    key, colon, value = lines[at].partition(":")
    depth = 3000 if random.random() < 0.02 else random.choice((1, 3, 19, 21, 50))
    opening, closing = random.choice((("[", "]"), ("{a: ", "}")))
    lines[at] = (
        f"{key}{colon or ':'} {opening * depth}{value.strip() or 'x'}{closing * random.choice((depth, depth, depth - 1))}"
    )
    if random.random() < 0.2:
        lines[:0] = [
            f"{one}: &{one} [{', '.join([f'*{before}'] * 9)}]" for before, one in zip("abcdefgh", "bcdefghi", strict=True)
        ]
        lines[:0] = ["a: &a [x, x]"]
    return "\n".join(lines)


MUTATIONS: tuple[Callable[[Random, str], str], ...] = (
    mistype, other_value, other_value, other_key, other_number, other_number, other_number, reindent, move_lines, nest,
)  # fmt: skip


def mutate_text(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """One to five changes as a person makes them, and sometimes damage to the bytes on top."""
    text = data.decode("utf-8", errors="replace")
    for _ in range(random.choice((1, 1, 1, 2, 3, 5))):
        text = random.choice(MUTATIONS)(random, text)
    out = text.encode("utf-8", errors="replace")
    return mutate(random, out, others) if random.random() < 0.15 else out


def _line(random: Random, lines: list[str]) -> int:
    """A line that says something, where there is one; at least one line is made."""
    if not lines:
        lines.append("")
    for _ in range(5):
        at = random.randrange(len(lines))
        if lines[at].strip() and not lines[at].lstrip().startswith("#"):
            return at
    return at
