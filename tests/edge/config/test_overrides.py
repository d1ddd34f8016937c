from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Config, ConfigError, Problem, load_config
from edge.config.keys import all_keys
from edge.config.overrides import variable_of
from edge.counting.cell import Method

BARE = "camera: {kind: v4l2}\n"


def load(tmp_path: Path, text: str, environment: Mapping[str, str]) -> Config:
    (tmp_path / "c.yaml").write_text(text)
    return load_config(tmp_path / "c.yaml", environment)


def only(tmp_path: Path, text: str, environment: Mapping[str, str]) -> Problem:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, environment)
    (problem,) = caught.value.problems
    return problem


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    text = "camera: {kind: video, address: old}\nstore: {folder: /old}\nsession: {interval_s: 3}"
    config = load(
        tmp_path, text,
        {
            "HEMOCAM__CAMERA__ADDRESS": "rtsp://me:p: #'w@host/1", "HEMOCAM__STORE__FOLDER": "new",
            "HEMOCAM__SESSION__INTERVAL_S": "0.5", "HEMOCAM__SESSION__SPECIMEN": "0012", "HEMOCAM__SESSION__RESUME": "false",
            "HEMOCAM__COUNTING__METHOD": "hough", "HEMOCAM__MODEL__RUNTIME": "cuda", "HEMOCAM__OPTICS__UM_PER_PX": "null",
            "HEMOCAM": "x", "HEMOCAMERA__X": "y",
        },
    )  # fmt: skip
    assert config.camera.model_dump()["address"] == "rtsp://me:p: #'w@host/1"  # as it stands, whatever YAML would say
    assert config.store.folder == tmp_path / "new"
    assert (config.session.interval_s, config.session.specimen, config.session.resume) == (0.5, "0012", False)
    assert config.counting.method.rbc is config.counting.method.plt is Method.HOUGH
    assert config.model.runtime.value == "cuda"


def test_lists_and_kinds_may_come_from_it_too(tmp_path: Path) -> None:
    config = load(tmp_path, "log: {}", {"HEMOCAM__CAMERA__KIND": "images", "HEMOCAM__CAMERA__PATHS": "[a, /b]"})
    assert config.camera.model_dump()["paths"] == (tmp_path / "a", Path("/b"))


def test_another_kind_of_camera_takes_the_place_of_the_files_camera(tmp_path: Path) -> None:
    text = "camera: {kind: v4l2, device: /dev/video7}"
    config = load(tmp_path, text, {"HEMOCAM__CAMERA__KIND": "video", "HEMOCAM__CAMERA__ADDRESS": "rtsp://host/1"})
    assert config.camera.model_dump()["address"] == "rtsp://host/1"
    same = load(tmp_path, text, {"HEMOCAM__CAMERA__KIND": "v4l2"})
    assert same.camera.model_dump()["device"] == "/dev/video7"


def test_a_wrong_variable_names_the_nearest(tmp_path: Path) -> None:
    problem = only(tmp_path, BARE, {"HEMOCAM__STORE__FODLER": "/x"})
    assert problem.source == "HEMOCAM__STORE__FODLER"
    assert problem.nearest == "HEMOCAM__STORE__FOLDER"
    assert "HEMOCAM__STORE__FODLER: names no key" in str(problem)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("HEMOCAM__SESSION__INTERVAL_S", "soon", "valid number"),
        ("HEMOCAM__SESSION__INTERVAL_S", "-1", "greater than or equal to 0"),
        ("HEMOCAM__SESSION__INTERVAL_S", "", "is empty"),
        ("HEMOCAM__SESSION__INTERVAL_S", "[", "cannot be read"),
        ("HEMOCAM__SESSION__INTERVAL_S", "9" * 5000, "cannot be read"),
        ("HEMOCAM__COUNTING__BORDER_RULE", "al", "another value"),
        ("HEMOCAM__CAMERA__ADDRESS", "x", "not a known key"),
        ("HEMOCAM__CAMERA", "{kind: v4l2}", "names a section"),
        ("HEMOCAM__", "x", "names no key"),
    ],
)
def test_a_wrong_value_names_its_variable(tmp_path: Path, name: str, value: str, what: str) -> None:
    problem = only(tmp_path, BARE, {name: value})
    assert (problem.source, problem.position) == (name, None)
    assert what in problem.what
    assert str(problem).startswith(name)


def test_a_key_below_a_word_cannot_be_set(tmp_path: Path) -> None:
    problem = only(tmp_path, BARE + "counting: {method: hough}", {"HEMOCAM__COUNTING__METHOD__RBC": "centres"})
    assert "counting.method in the file has no keys" in problem.what


def test_no_secret_is_told(tmp_path: Path) -> None:
    text = "camera: {kind: video, address: a}"
    assert "secret" not in str(only(tmp_path, text, {"HEMOCAM__CAMERA__ADDRESS": "secret" * 200}))
    assert "secret" not in str(only(tmp_path, BARE, {"HEMOCAM__CAMERA__ADDRESS": "secret"}))
    assert "secret" not in str(only(tmp_path, BARE, {"HEMOCAM__CAMERA__ADRESS": "secret"}))


def test_a_systemd_credential_is_a_key(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "hemocam.camera.address").write_text("rtsp://me:secret@host\n")
    (folder / "another.service").write_text("not ours")
    environment = {"CREDENTIALS_DIRECTORY": str(folder)}
    text = "camera: {kind: video, address: a}"
    assert load(tmp_path, text, environment).camera.model_dump()["address"] == "rtsp://me:secret@host"
    assert load(tmp_path, text, {**environment, "HEMOCAM__CAMERA__ADDRESS": "b"}).camera.model_dump()["address"] == "b"
    (folder / "hemocam.camera.adress").write_text("x")
    problem = only(tmp_path, text, environment)
    assert (problem.source, problem.nearest) == ("hemocam.camera.adress", "hemocam.camera.address")


def test_a_credential_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    (folder / "hemocam.camera.address").mkdir(parents=True)
    problem = only(tmp_path, BARE, {"CREDENTIALS_DIRECTORY": str(folder)})
    assert problem.source == "$CREDENTIALS_DIRECTORY"
    assert "cannot be read" in problem.what


def test_a_faulty_file_is_told_first(tmp_path: Path) -> None:
    assert "should have keys and values" in only(tmp_path, "- a", {"HEMOCAM__STORE__FOLDER": "/x"}).what


@given(
    environment=st.dictionaries(
        st.one_of(
            st.sampled_from([variable_of(key.path) for key in all_keys(Config)]),
            st.text(alphabet="ABCMEH_", max_size=12).map("HEMOCAM__".__add__),
        ),
        st.text(max_size=12),
        max_size=4,
    )
)
def test_any_environment_is_taken_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(BARE)
    try:
        load_config(path, environment)
    except ConfigError as error:
        assert all(problem.source in environment or problem.key == "store" for problem in error.problems)
        assert str(error).isprintable() or "\n" in str(error)
