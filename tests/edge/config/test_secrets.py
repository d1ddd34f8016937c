from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.secrets import masked, without_secrets


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("rtsp://me:secret@host/1", "rtsp://***@host/1"),
        ("rtsp://me:se/cr?et@host/1", "rtsp://***@host/1"),
        ("rtsp://me:se@cr@host/1", "rtsp://***@host/1"),
        ("rtsp://me:se cr\"et'\n@host/1", "rtsp://***@host/1"),
        ("http://host/v?token=abc&channel=2", "http://host/v?token=***&channel=2"),
        ("http://host/v?user=a;Password=b#c", "http://host/v?user=***;Password=***#c"),
        ("rtsp://host:554/1", "rtsp://host:554/1"),
        ("a note, by me@home", "a note, by me@home"),
        ("", ""),
    ],
)
def test_what_is_hidden(text: str, without: str) -> None:
    assert without_secrets(text) == without
    assert without_secrets(without) == without


@given(password=st.text(alphabet=st.characters(blacklist_characters="*rtsp:/@1host"), min_size=1))
def test_no_password_is_left(password: str) -> None:
    assert masked({"a": [f"rtsp://me:{password}@host/1"], "b": 3}) == {"a": ["rtsp://***@host/1"], "b": 3}
