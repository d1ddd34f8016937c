"""The command, as a shell sees it: exit codes, what is on standard output and what on standard error."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

import cv2
import numpy as np
import pytest

from edge import cli
from edge.cameras.simulated_slide import SimulatedSlideSettings
from edge.commands import assembly
from edge.counting.logits import counts_of
from edge.record.store.reader import StoreReader
from edge.record.store.records import SessionState
from engines.contract import InferenceFailed, Tensor
from engines.opening import Opened
from tests.edge.drawn import drawn_logits, opened
from tests.edge.fields import DIAMETER_PX, SHAPE, discs_of, pixels_of
from tests.edge.oracle import WatchedSlide, oracle, true_numbers

ROOT = Path(__file__).parents[2]
SIZE = ["--cell-diameter-px", str(DIAMETER_PX)]
SLIDE = {"width_px": 320, "height_px": 240, "um_per_px": 0.19}


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process; what it changes of it is put back."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("OPENCV_LOG_LEVEL", "SILENT")
    monkeypatch.setenv("OPENCV_FFMPEG_LOGLEVEL", "-8")
    monkeypatch.setattr("logging.captureWarnings", lambda capture: None)

    def command(*words: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["hemocam", *map(str, words)])
        capfd.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
        said = capfd.readouterr()
        return Ran(code, said.out, said.err)

    return command


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's model sees which of the pictures of `pictures` it has by its brightness pattern."""
    tensors = {}

    def answer(tensor: Tensor) -> Tensor:
        from engines.prepare import prepare
        from tests.edge.drawn import manifest

        for spot in range(3):
            if spot not in tensors:
                tensors[spot] = prepare(pixels_of(spot), DIAMETER_PX, manifest().preparing()).tensor
            if tensors[spot].shape == tensor.shape and np.array_equal(tensors[spot], tensor):
                return drawn_logits(discs_of(spot), tensor.shape, 1.0)
        raise AssertionError("another picture than those given")

    monkeypatch.setattr("edge.commands.count.open_model", lambda *_, **__: opened(answer))


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"field-{spot}.png" for spot in range(3)]
    for spot, path in enumerate(paths):
        cv2.imwrite(str(path), pixels_of(spot)[..., ::-1])
    return paths


def test_version_and_help(run: Run) -> None:
    from importlib.metadata import version

    assert run("--version") == Ran(0, f"hemocam {version('hemocam')}\n", "")
    helped = run("--help")
    assert helped.code == 0
    for command in (
        "count",
        "live",
        "log",
        "cameras",
        "sessions",
        "report",
        "doctor",
        "store",
        "config",
        "engines",
        "bench",
        "export",
    ):
        assert command in helped.out
    assert "not a diagnostic device" in " ".join(helped.out.split())


def test_help_needs_no_heavy_package() -> None:
    code = textwrap.dedent("""
        import sys
        sys.argv = ["hemocam", "--help"]
        from edge.cli import main
        try:
            main()
        except SystemExit:
            print(sorted({"torch", "textual", "onnx", "jinja2"} & set(sys.modules)))
    """)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.usefixtures("drawn")
def test_json_alone_is_on_standard_output(run: Run, pictures: list[Path]) -> None:
    done = run("count", *pictures, *SIZE, "--json")
    assert done.code == 0
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [one["source"] for one in found] == [str(path) for path in pictures]
    assert [one["counts"]["rbc"] for one in found] == [len(discs_of(spot)) for spot in range(3)]
    assert done.err == ""


@pytest.mark.usefixtures("drawn")
def test_types_are_named_and_a_classifier_that_fails_costs_no_count(
    run: Run, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("count", *pictures, *SIZE, "--json", "--types")
    assert done.code == 0
    found = [json.loads(line) for line in done.out.splitlines()]
    assert all(one["classifier"].startswith("white-types") for one in found)
    assert all(one["differential"]["white_cells"] == 0 for one in found), "there are red cells alone"

    def broken(*_: object) -> None:
        raise InferenceFailed("not finite")

    monkeypatch.setattr("edge.cells.namer.Namer.typed", broken)
    done = run("count", *pictures, *SIZE, "--json", "--types")
    assert done.code == 0
    assert [json.loads(line)["counts"]["rbc"] for line in done.out.splitlines()] == [len(discs_of(spot)) for spot in range(3)]
    assert done.err.count("no types:") == 3


@pytest.mark.usefixtures("drawn")
def test_the_table_has_the_counts_and_their_sum(run: Run, pictures: list[Path]) -> None:
    done = run("count", pictures[0].parent, *SIZE)
    assert done.code == 0
    for spot in range(3):
        row = next(line for line in done.out.splitlines() if f"field-{spot}.png" in line).split()
        assert row[1] == str(len(discs_of(spot)))
    assert str(sum(len(discs_of(spot)) for spot in range(3))) in done.out


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("bad", [b"no picture", b"", "black"], ids=["no picture", "empty", "black"])
def test_a_bad_picture_is_named_and_the_others_are_counted(run: Run, pictures: list[Path], bad: bytes | str) -> None:
    if isinstance(bad, bytes):
        pictures[1].write_bytes(bad)
    else:
        cv2.imwrite(str(pictures[1]), np.zeros((*SHAPE, 3), np.uint8))
    done = run("count", *pictures, *SIZE, "--json")
    assert done.code == 1
    found = {one["source"]: one["counts"] for one in map(json.loads, done.out.splitlines())}
    assert found.pop(str(pictures[1]), None) is None
    assert {name: counts["rbc"] for name, counts in found.items()} == {
        str(pictures[spot]): len(discs_of(spot)) for spot in (0, 2)
    }
    assert "field-1.png" in done.err
    assert "field-0.png" not in done.err
    assert "1 of 3 pictures could not be counted" in done.err


def failing(tensor: Tensor) -> Tensor:
    return np.full((1, 7, *tensor.shape[1:3]), np.nan, np.float32)


def test_a_model_that_fails_gives_no_count(run: Run, pictures: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.commands.count.open_model", lambda *_, **__: opened(failing))
    done = run("count", pictures[0], *SIZE, "--json")
    assert done.code == 1
    assert json.loads(done.out)["counts"] is None
    assert "not finite" in json.loads(done.out)["error"]
    assert "field-0.png" in done.err
    assert "not finite" in done.err


def test_another_runtime_than_asked_for_is_told_beside_the_results(
    run: Run, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def model(*_: object, **given: Any) -> Opened:
        asked.update(given)
        given["tell"]("tensorrt is not used: [no GPU]. Taking cpu")
        return opened(lambda tensor: drawn_logits(discs_of(0), tensor.shape, 1.0))

    monkeypatch.setattr("edge.commands.count.open_model", model)
    done = run("count", pictures[0], *SIZE, "--json", "--runtime", "tensorrt")
    assert done.code == 0
    assert json.loads(done.out)["counts"] is not None
    assert "note: tensorrt is not used: [no GPU]. Taking cpu" in done.err
    assert asked["counting"] is counts_of


def test_a_scale_that_cannot_be_is_one_line(run: Run, pictures: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.commands.count.open_model", lambda *_, **__: opened(failing))
    wide = pictures[0].with_name("wide.png")
    cv2.imwrite(str(wide), np.tile(pixels_of(0)[..., ::-1], (8, 8, 1)))
    done = run("count", wide, "--cell-diameter-px", "4", "--json")
    assert (done.code, json.loads(done.out)["counts"]) == (1, None)
    assert "wide.png" in done.err
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("drawn")
def test_csv_and_overlays_are_written(run: Run, pictures: list[Path], tmp_path: Path) -> None:
    done = run("count", *pictures, *SIZE, "--csv", tmp_path / "out" / "counts.csv", "--overlay", tmp_path / "drawn")
    assert done.code == 0
    rows = list(csv.DictReader((tmp_path / "out" / "counts.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["source"], row["rbc"]) for row in rows] == [
        (str(path), str(len(discs_of(spot)))) for spot, path in enumerate(pictures)
    ]
    drawn = sorted((tmp_path / "drawn").iterdir())
    assert [path.name for path in drawn] == [path.name for path in pictures]
    picture = cv2.imread(str(drawn[0]))
    assert picture is not None
    assert picture.shape[1] % SHAPE[1] == 0


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["count", "/nowhere/field.png"], "/nowhere/field.png"),
        (["count", "/nowhere/*.png"], "/nowhere/*.png"),
        (["report", "--store", "/nowhere"], "/nowhere"),
        (["sessions", "--store", "/nowhere"], "/nowhere"),
        (["log", "--config", "/nowhere/hemocam.yaml"], "/nowhere/hemocam.yaml"),
        (["live", "/nowhere/film.mp4"], "/nowhere/film.mp4"),
        (["live", "/dev/video99"], "/dev/video99"),
        (["live", "/nowhere/*.png"], "/nowhere/*.png"),
    ],
    ids=["picture", "glob", "report", "sessions", "config", "video", "device", "pictures"],
)
def test_what_is_not_there_is_one_clear_line(words: list[str], named: str, run: Run) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert named in done.err
    assert done.err.startswith("hemocam: ")
    assert "Traceback" not in done.err


def test_live_without_a_terminal_says_what_to_use_instead(run: Run) -> None:
    done = run("live", "simulated")
    assert (done.code, done.out) == (2, "")
    assert "needs a terminal" in done.err
    assert "hemocam log" in done.err


def test_a_model_that_is_not_there_is_named(run: Run, pictures: list[Path]) -> None:
    done = run("count", pictures[0], "--model", "nonesuch")
    assert (done.code, done.out) == (2, "")
    assert "nonesuch" in done.err


def test_two_scales_are_one_too_many(run: Run, pictures: list[Path]) -> None:
    done = run("count", pictures[0], *SIZE, "--um-per-px", "0.2")
    assert done.code == 2
    assert "not both" in done.err


def test_cameras_lists_the_simulated_slide(run: Run) -> None:
    done = run("cameras")
    assert done.code == 0
    assert "Simulated slide" in done.out


def write_config(folder: Path, **session: Any) -> Path:
    path = folder / "hemocam.yaml"
    slide = "\n".join(f"  {key}: {value}" for key, value in SLIDE.items())
    limits = "\n".join(f"  {key}: {value}" for key, value in {"specimen": "S-17", **session}.items())
    path.write_text(
        f"camera:\n  kind: simulated_slide\n  seed: 4\n  frames_per_s: 200.0\n{slide}\noptics: {{um_per_px: 0.19}}\n"
        f"store: {{folder: record}}\nsession:\n{limits}\nlog: {{format: json}}\n",
        encoding="utf-8",
    )
    return path


def test_a_logged_session_reads_the_same_everywhere(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Log the simulated slide, then list it and report it: the same numbers as in the store, and as the truth."""
    slides: list[WatchedSlide] = []

    def watched(settings: SimulatedSlideSettings) -> WatchedSlide:
        from dataclasses import replace

        from edge.cameras.simulated_slide import Stage

        still = Stage(rest_frames=2, move_frames=0)
        slides.append(WatchedSlide(replace(settings, frames_per_s=None, stage=still, glass_um=(200.0, 110.0))))
        return slides[-1]

    def model(*_: object, **__: object) -> Opened:
        def answer(tensor: Tensor) -> Tensor:  # the slide is made after the model
            return oracle(slides[-1], 0.19).engine.run(tensor)

        return opened(answer)

    monkeypatch.setattr(assembly, "SimulatedSlide", watched)
    monkeypatch.setattr("engines.succession.open_model", model)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    done = run("log", "--config", write_config(tmp_path, stop_after_fields=3))
    assert (done.code, done.out) == (0, "")
    lines = [json.loads(line) for line in done.err.splitlines()]
    counted = [line for line in lines if line["message"] == "field counted"]
    with StoreReader(tmp_path / "record") as reader:
        session = reader.latest_session()
        totals = reader.session_totals(session.id)
        fields = reader.session_fields(session.id)
        slide = slides[-1]
    assert (session.state, session.finish_reason, session.specimen) == (SessionState.FINISHED, "stopped", "S-17")
    assert totals.fields == len(fields) == len(counted) == 3
    assert [line["rbc"] for line in counted] == [field.counts["rbc"] for field in fields]
    assert lines[-1]["message"] == "session finished"
    assert lines[-1]["counted"] == 3
    truth = true_numbers(slide._settings, [field.sequence for field in fields])
    assert totals.cells["rbc"] == pytest.approx(truth["rbc"], rel=0.05)

    listed = run("sessions", "--store", tmp_path / "record")
    row = next(line for line in listed.out.splitlines() if session.id in line)
    assert row.split()[2:6] == ["3", *(str(totals.cells[kind]) for kind in ("rbc", "wbc", "plt"))]
    assert "SIMULATED" in row

    html = tmp_path / "report.html"
    reported = run("report", session.id[:8], "--store", tmp_path / "record", "-o", html, "--csv", tmp_path / "tables")
    assert reported.code == 0
    assert reported.out.split() == [str(html), *(str(tmp_path / "tables" / name) for name in ("fields.csv", "cells.csv"))]
    text = html.read_text(encoding="utf-8")
    assert session.id in text
    assert str(totals.cells["rbc"]) in text
    cells = list(csv.DictReader((tmp_path / "tables" / "cells.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert len(cells) == sum(totals.cells.values())
    rows = list(csv.DictReader((tmp_path / "tables" / "fields.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 3


def test_a_typo_in_the_configuration_is_named_with_its_line(run: Run, tmp_path: Path) -> None:
    path = write_config(tmp_path, stop_afer_fields=3)
    done = run("log", "--config", path)
    assert (done.code, done.out) == (2, "")
    line = 1 + next(n for n, text in enumerate(path.read_text().splitlines()) if "stop_afer" in text)
    assert "stop_afer_fields" in done.err
    assert f"line {line}" in done.err
    assert "stop_after_fields" in done.err  # what was probably meant
    assert not (tmp_path / "record").exists()


LOGGING = """
    import sys
    from dataclasses import replace
    from edge import cli
    from engines import succession
    from tests.edge.drawn import drawn_logits, opened
    from tests.edge.fields import discs_of
    succession.open_model = lambda *_, **__: opened(lambda tensor: drawn_logits(discs_of(1), tensor.shape, 1.0))
    sys.argv = ["hemocam", "log", "--config", sys.argv[1]]
    cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_session_after_the_frame_in_hand(number: signal.Signals, tmp_path: Path) -> None:
    words = [sys.executable, "-c", textwrap.dedent(LOGGING), str(write_config(tmp_path))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        late = Timer(60.0, process.kill)
        late.start()
        assert process.stderr is not None
        said = []
        for text in process.stderr:
            said.append(json.loads(text))
            if said[-1]["message"] == "field counted":
                process.send_signal(number)
                break
        said += [json.loads(text) for text in process.stderr]
        code = process.wait()
        late.cancel()
    assert code == 0
    assert (said[-1]["message"], said[-1]["reason"]) == ("session finished", "stopped")
    with StoreReader(tmp_path / "record") as reader:
        session = reader.latest_session()
        assert (session.state, session.finish_reason) == (SessionState.FINISHED, "stopped")
        assert session.ledger.counted == len(reader.session_fields(session.id)) == said[-1]["counted"] >= 1
        assert session.ledger.captured == said[-1]["captured"]


def test_a_reader_that_has_seen_enough_gets_no_complaint(pictures: list[Path]) -> None:
    code = textwrap.dedent(f"""
        import sys
        from edge import cli
        from edge.commands import count
        from tests.edge.drawn import drawn_logits, opened
        count.open_model = lambda *_, **__: opened(lambda tensor: drawn_logits([], tensor.shape, 1.0))
        sys.argv = ["hemocam", "count", "--json", "--cell-diameter-px", "20", *{[str(path) for path in pictures]!r} * 20]
        cli.main()
    """)
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, stdout=closed, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.stderr == ""
