from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.contract import ModelCorrupt
from engines.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("µm, é\n\tand ✓", "µm, é\n\tand ✓"),
        ("a\x1b[2Jb\x00", "a\\x1b[2Jb\\x00"),
        ("\u202eabc\ufeff", "\\u202eabc\\ufeff"),
        ("half \ud800", "half \\ud800"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_any_text_can_be_shown_and_stays_so(text: str) -> None:
    shown = printable(text)
    assert all(letter.isprintable() or letter in "\n\t" for letter in shown)
    shown.encode()
    assert printable(shown) == shown


def test_an_engines_error_is_printable() -> None:
    assert str(ModelCorrupt("x.onnx: node '\x1b[2J'")) == "x.onnx: node '\\x1b[2J'"
