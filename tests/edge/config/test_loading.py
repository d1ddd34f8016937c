from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.config import Config, ConfigError, Problem, default_store_folder, load_config
from edge.config.errors import MOST_SHOWN
from edge.counting.cell import Method
from edge.counting.field_count import BorderRule
from edge.record.settings import SaveImages

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
EXAMPLE = Path(__file__).parents[3] / "systemd" / "hemocam.yaml"


def problems(tmp_path: Path, text: str | bytes, cut: bool = False) -> tuple[Problem, ...]:
    path = tmp_path / "c.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(path) in str(caught.value)
    shown = caught.value.problems[: MOST_SHOWN if cut else None]
    assert all(str(problem) in str(caught.value) for problem in shown)
    assert cut is (f"and {len(caught.value.problems) - MOST_SHOWN} more" in str(caught.value))
    return caught.value.problems


def only(tmp_path: Path, text: str | bytes) -> Problem:
    (problem,) = problems(tmp_path, text)
    return problem


def load(tmp_path: Path, text: str) -> Config:
    (tmp_path / "c.yaml").write_text(text)
    return load_config(tmp_path / "c.yaml")


def test_every_kind_of_camera(tmp_path: Path) -> None:
    kinds = {
        "images": "{kind: images, paths: [a/*.png, /b]}",
        "video": "{kind: video, address: 'rtsp://host/stream'}",
        "v4l2": "{kind: v4l2, device: /dev/video3}",
        "simulated_slide": "{kind: simulated_slide, seed: 4, um_per_px: 0.25, frames_per_s: 9}",
    }
    for kind, text in kinds.items():
        assert load(tmp_path, f"camera: {text}").camera.kind == kind


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    config = load(tmp_path, "camera: {kind: images, paths: [a/*.png, /b]}\nstore: {folder: record}")
    assert config.camera.model_dump()["paths"] == (tmp_path / "a/*.png", Path("/b"))
    assert config.store.folder == tmp_path / "record"


def test_the_values_arrive(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        "camera: {kind: v4l2}\noptics: {um_per_px: 1}\ncounting: {method: hough, border_rule: two-edge}\n"
        "session: {stop_after_fields: 5, interval_s: 2.5, specimen: '0012'}\nlog: {format: json, level: debug}\n"
        "model: {threads: 2}\ngate: {min_focus: 3}\nstore: {save_images: all}",
    )
    assert config.optics.um_per_px == 1.0
    assert config.counting.method.rbc is config.counting.method.plt is Method.HOUGH
    assert config.counting.border_rule is BorderRule.TWO_EDGE
    assert (config.session.stop_after_fields, config.session.interval_s, config.session.specimen) == (5, 2.5, "0012")
    assert (config.log.format.value, config.log.level.value) == ("json", "debug")
    assert (config.model.threads, config.gate.min_focus, config.store.save_images) == (2, 3.0, SaveImages.ALL)
    per_class = load(tmp_path, "camera: {kind: v4l2}\ncounting: {method: {wbc: components}}").counting.method
    assert (per_class.rbc, per_class.wbc) == (None, Method.COMPONENTS)
    with pytest.raises(ValidationError, match="frozen"):
        config.session.specimen = "other"  # type: ignore[misc]


def test_all_problems_at_once_each_with_its_line(tmp_path: Path) -> None:
    text = "\n".join(
        (
            "camera:",
            "  kind: v4l2",
            "  devise: /dev/video1",
            "optic: {}",
            "counting: {border_rule: two-edges}",
            "session:",
            "  specimen: 0012",
            "  stop_after_fields: 0",
            "  interval_s: yes",
            "  interval_s: 3",
            "specimen: x",
            "log: {level: 2026-13-45}",
        )
    )
    found = {problem.key: problem for problem in problems(tmp_path, text)}
    lines = {key: problem.position.line if problem.position else None for key, problem in found.items()}
    assert lines == {
        "camera.devise": 3,
        "optic": 4,
        "counting.border_rule": 5,
        "session.specimen": 7,
        "session.stop_after_fields": 8,
        "session.interval_s": 10,
        "specimen": 11,
        "log.level": 12,
    }
    assert found["camera.devise"].nearest == "'device'"
    assert found["camera.devise"].allowed == (*("kind", "device", "width_px", "height_px", "frames_per_s", "read_timeout_s"),)
    assert found["camera.devise"].value == "'/dev/video1'"
    assert found["camera.devise"].position is not None
    assert found["camera.devise"].position.column == 3
    assert found["optic"].nearest == "'optics'"
    assert found["counting.border_rule"].nearest == "'two-edge'"
    assert found["counting.border_rule"].allowed == ("all", "centre-inside", "two-edge")
    assert "quotes" in found["session.specimen"].what
    assert "greater than or equal to 1" in found["session.stop_after_fields"].what
    assert found["session.stop_after_fields"].allowed == ("a whole number, 1 or more, or null",)
    assert "given twice (first on line 9)" in found["session.interval_s"].what
    assert found["specimen"].nearest == "'session.specimen'"
    assert "month" in found["log.level"].what
    assert "line 3, column 3: camera.devise is not a known key (found: '/dev/video1')" in str(found["camera.devise"])


def test_yes_is_no_number(tmp_path: Path) -> None:
    assert only(tmp_path, "camera: {kind: v4l2}\noptics: {um_per_px: yes}").key == "optics.um_per_px"


def test_a_number_that_yaml_takes_for_text_says_how_to_write_it(tmp_path: Path) -> None:
    problem = only(tmp_path, "camera: {kind: v4l2}\noptics: {um_per_px: 2e-1}")
    assert (problem.key, problem.value) == ("optics.um_per_px", "'2e-1'")
    assert problem.what == "is text to YAML; write 0.2"


def test_what_belongs_together(tmp_path: Path) -> None:
    size = only(tmp_path, "camera: {kind: v4l2, width_px: 640}")
    assert (size.key, size.what) == ("camera", "has one of width_px and height_px; give both, or neither")
    free = only(tmp_path, "camera: {kind: v4l2}\nstore:\n  hard_free_mb: 3000")
    assert (free.key, free.position is not None and free.position.line) == ("store", 2)
    assert free.what == "has hard_free_mb 3000, which must be less than soft_free_mb 2000"
    assert load(tmp_path, "camera: {kind: v4l2}\nstore: {hard_free_mb: 3000, soft_free_mb: 3001}").store.soft_free_mb == 3001


def test_a_file_of_something_else_does_not_fill_the_screen(tmp_path: Path) -> None:
    found = problems(tmp_path, "".join(f"key{number}: 1\n" for number in range(500)), cut=True)
    assert len(found) == 501  # and `camera` is missing


def test_what_a_terminal_obeys_is_escaped(tmp_path: Path) -> None:
    text = str(only(tmp_path, 'camera: {kind: v4l2}\n"\\e[2J\\u202e": 1'))
    assert "\\x1b[2J\\u202e is not a known key" in text
    assert text.isprintable()


def test_two_scales_are_one_too_many(tmp_path: Path) -> None:
    problem = only(tmp_path, "camera: {kind: v4l2}\noptics: {um_per_px: 0.2, cell_diameter_px: 40}")
    assert (problem.key, problem.what) == ("optics", "has both um_per_px and cell_diameter_px; keep one of them")


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        ("camera: {kind: vl42}", "camera.kind", "is no kind of camera"),
        ("camera: {}", "camera.kind", "is missing"),
        ("camera: 3", "camera", "should have keys"),
        ("log: {}", "camera", "is missing"),
        ("camera: {kind: images}", "camera.paths", "is missing"),
        ("camera: {kind: images, paths: []}", "camera.paths", "at least 1 item"),
        ("camera: {kind: images, paths: a.png}", "camera.paths", "should be a list"),
        ("camera: {kind: images, paths: [a, 3]}", "camera.paths[1]", "should be a path"),
        ("camera: {kind: v4l2}\ncounting: {method: magic}", "counting.method", "should be centres, watershed"),
        ("camera: {kind: v4l2}\ncounting: {method: {rbc: magic}}", "counting.method.rbc", "another value"),
        ("camera: {kind: v4l2}\n? [a]\n: 3", "", "key that is not plain text"),
        ("camera: {kind: v4l2}\nsession: {note: !!python/object:os.system x}", "session.note", "cannot be read"),
        ("camera: {kind: simulated_slide, um_per_px: .nan}", "camera.um_per_px", "finite"),
    ],
)
def test_one_problem(tmp_path: Path, text: str, key: str, what: str) -> None:
    problem = only(tmp_path, text)
    assert problem.key == key
    assert what in problem.what
    assert problem.position is not None


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b"- a\n- b\n", "should have keys and values"),
        (b"just words", "should have keys and values"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "no text in UTF-8"),
        (b"camera: \x00", "not YAML"),
        (b"camera: {kind: v4l2\nlog: {}", "not YAML here"),
        (b"camera:\n\tkind: v4l2", "not YAML here"),
        (b"camera: *nowhere", "not YAML here"),
        (b"[" * 5000, "nests deeper"),
        (b"a: &a [*a]", "more than a configuration may hold"),
        (b"x" * 70_000, "at most 65536"),
        (LAUGHS.encode(), "more than a configuration may hold"),
    ],
)
def test_what_is_no_configuration_at_all_is_one_problem(tmp_path: Path, content: bytes, what: str) -> None:
    assert what in only(tmp_path, content).what


def test_a_syntax_error_says_where(tmp_path: Path) -> None:
    position = only(tmp_path, "camera:\n  kind: v4l2\n log: {}").position
    assert position is not None
    assert (position.line, position.column) == (3, 2)


def test_what_is_no_file_is_one_problem(tmp_path: Path) -> None:
    for path, what in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "Is a directory"), (Path("a\0b"), "null byte")):
        with pytest.raises(ConfigError, match=what):
            load_config(path)


def test_the_record_lies_where_systemd_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert default_store_folder({"STATE_DIRECTORY": "/var/lib/hemocam:/var/lib/other"}) == Path("/var/lib/hemocam")
    assert default_store_folder({}).name == "hemocam"
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    assert load(tmp_path, "camera: {kind: v4l2}").store.folder == tmp_path / "state"


def configuration_or_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "c.yaml")
        path.write_bytes(content)
        try:
            assert isinstance(load_config(path), Config)
        except ConfigError as error:
            assert error.problems
            assert str(error)


@given(
    content=st.one_of(st.binary(max_size=200), st.text(alphabet="ab:-[]{}&*!|>#'\"%@\n ,?0.~<", max_size=80).map(str.encode))
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_configuration_or_a_config_error(content: bytes) -> None:
    configuration_or_error(content)


WORDS = (
    *("!!int ''", "!!float ''", "!!bool maybe", "!!timestamp soon", "!!binary a", "!!set x", "!!map x", "!!omap x", "<<", "~"),
    *("2026-99-99", "0x_", "1e999", ".inf", "-0", "1:99", "09", "~nobody/x", "[a]", "{a: b}", "&x 3",
      "*x", "|", "9" * 5000, "é", "'\\0'"),
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    lines = EXAMPLE.read_text().splitlines()
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(lines) - 1))
        key, colon, _rest = lines[at].partition(":")
        word = draw(st.sampled_from(WORDS))
        lines[at] = draw(
            st.sampled_from((f"{key}{colon} {word}", f"{word}{colon} 1", lines[at][1:], "  " + lines[at], word, ""))
        )
    return "\n".join(lines).encode()


@given(content=mutated())
@settings(max_examples=150, deadline=None)
def test_a_mutated_example_is_a_configuration_or_a_config_error(content: bytes) -> None:
    configuration_or_error(content)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
