from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.config import load_config
from edge.config.loading import load
from edge.config.origins import settings_of, shown

TEXT = """camera:
  kind: video
  address: rtsp://me:hunter2@host/1?user=a&password=b&channel=2
counting: {method: hough}
session:
  specimen: "yes"
store:
  folder: record
"""


def test_each_value_says_where_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(TEXT)
    loaded = load(path, {"HEMOCAM__SESSION__INTERVAL_S": "2"})
    found = {".".join(one.path): one.origin for one in settings_of(loaded)}
    given = {key: origin for key, origin in found.items() if origin != "default"}
    assert given == {
        "camera.kind": "line 2", "camera.address": "line 3", "counting.method.rbc": "line 4", "counting.method.wbc": "line 4",
        "counting.method.plt": "line 4", "session.specimen": "line 6", "store.folder": "line 8",
        "session.interval_s": "HEMOCAM__SESSION__INTERVAL_S",
    }  # fmt: skip
    assert found["gate.min_focus"] == "default"


def test_what_is_shown_means_the_same(tmp_path: Path) -> None:
    path, again = tmp_path / "c.yaml", tmp_path / "again.yaml"
    path.write_text(
        "camera: {kind: images, paths: [a, 'b: c']}\nsession: {specimen: '0012', note: \"#\"}\noptics: {um_per_px: 1e5}"
    )
    path.write_text(path.read_text().replace("1e5", "1.0e+5"))
    loaded = load(path, {})
    again.write_text(shown(loaded))
    assert load_config(again, {}) == loaded.config


def test_no_secret_is_shown_or_recorded(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(TEXT)
    loaded = load(path, {})
    for text in (shown(loaded), str(loaded.config.as_settings())):
        assert "hunter2" not in text
        assert "password=b" not in text
        assert "rtsp://***@host/1?user=***&password=***&channel=2" in text


@given(
    note=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    paths=st.lists(st.text("ab \n:#'\"é", min_size=1), min_size=1),
)
def test_any_text_is_shown_so_that_it_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, note: str, paths: list[str]
) -> None:  # fmt: skip
    path, again = tmp_path_factory.getbasetemp() / "any.yaml", tmp_path_factory.getbasetemp() / "again.yaml"
    path.write_text(yaml.safe_dump({"camera": {"kind": "images", "paths": paths}, "session": {"note": note}}))
    assume("://" not in note)
    loaded = load(path, {})
    again.write_text(shown(loaded), encoding="utf-8")
    assert load_config(again, {}) == loaded.config
