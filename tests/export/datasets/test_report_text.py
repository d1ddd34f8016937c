from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from export.datasets.blood_report import read_blood_report
from export.datasets.errors import DatasetError
from export.datasets.report_text import read_text
from tests.export.datasets.paper_trees import COUNTS, WORDS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding_of_a_laboratory(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes(COUNTS.encode(encoding))
    assert read_text(tmp_path / "a.txt") == COUNTS


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0", b"\xff\xfea", b"a\0b", b"\x81\x8d"])
def test_what_is_no_text_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DatasetError, match=r"a\.txt is no text"):
        read_text(tmp_path / "a.txt")


def test_a_missing_report_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"a\.txt cannot be read"):
        read_text(tmp_path / "a.txt")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.binary(max_size=80) | st.just(COUNTS.encode()), words=st.binary(max_size=80) | st.just(WORDS.encode()))
def test_any_bytes_are_a_report_or_one_error(tmp_path: Path, counts: bytes, words: bytes) -> None:
    (tmp_path / "counts.txt").write_bytes(counts)
    (tmp_path / "words.txt").write_bytes(words)
    try:
        report = read_blood_report(tmp_path / "counts.txt", tmp_path / "words.txt")
    except DatasetError as error:
        assert "counts.txt" in str(error) or "words.txt" in str(error)
    else:
        assert report is not None
        assert report.counts is not None
        assert report.morphology is not None


def test_no_report_is_none(tmp_path: Path) -> None:
    assert read_blood_report(None, None) is None
