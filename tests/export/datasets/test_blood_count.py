from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.datasets.blood_count import EXPECTED_UNITS, Flag, Measurement, parse_blood_count, read_blood_count, spelled
from export.datasets.errors import DatasetError
from tests.export.datasets.paper_trees import COUNTS, SHORT_COUNTS


def test_the_paper_s_first_report() -> None:
    found = parse_blood_count(COUNTS, "001_a.txt").measurements
    assert list(found) == ["WBC", "RBC", "HGB", "HCT", "MCV", "MCH", "MCHC", "PLT", "MPV"]
    assert found["WBC"] == Measurement("WBC", 19.31, "10^3/µl", (5.0, 15.0), starred=True)
    assert found["MPV"] == Measurement("MPV", 10.6, "fL", (7.2, 11.0), starred=False)
    flags = {test: measurement.flag.value for test, measurement in found.items()}
    assert flags["WBC"] == flags["PLT"] == "high"
    assert flags["RBC"] == flags["HGB"] == flags["HCT"] == flags["MCH"] == "low"
    assert flags["MPV"] == "normal"
    assert found["MCHC"].starred
    assert found["MCHC"].flag is Flag.NORMAL, "34.6 of 32 to 36: the star is the laboratory's, the flag is worked out"
    assert [test for test, measurement in found.items() if not measurement.unit_expected] == ["MCV"], "MCV in L, as printed"


def test_the_paper_s_second_report() -> None:
    found = parse_blood_count(SHORT_COUNTS, "002_a.txt").measurements
    assert found["RBC"] == Measurement("RBC", 2.1, "10^6/µl", (3.8, 4.8), starred=True)
    assert (found["WBC"].unit, found["WBC"].unit_expected, found["WBC"].flag) == ("x10.e", False, Flag.LOW)
    assert found["MCV"].flag is Flag.NORMAL


@pytest.mark.parametrize(
    ("written", "unit"),
    [("x10.e 3/µl", "10^3/µl"), ("x10.e 6/μl", "10^6/µl"), ("10^3/uL", "10^3/µl"), ("x10e9/ul", "10^9/µl"), ("FL", "fL"),
     ("g/dl", "g/dL"), ("%", "%"), ("PG", "pg"), ("", ""), ("x10.e", "x10.e"), ("furlongs", "furlongs")],
)  # fmt: skip
def test_units_have_one_spelling(written: str, unit: str) -> None:
    assert spelled(written) == unit


@pytest.mark.parametrize(
    ("line", "expected"),
    [("RDW---CV,14.6 %,11.5 --- 14.5", Measurement("RDW-CV", 14.6, "%", (11.5, 14.5), starred=False)),
     ("Hemoglobin,*5.9,", Measurement("HGB", 5.9, "", None, starred=True)),
     ("WBC , 4 x10.e 3/µl , 4 - 10 x10.e 3/µl", Measurement("WBC", 4.0, "10^3/µl", (4.0, 10.0), starred=False)),
     ("PLT,,150 --- 450", Measurement("PLT", None, "", (150.0, 450.0), starred=False)),
     ("PLT,", Measurement("PLT", None, "", None, starred=False)),
     ("PLT,Pending,---", Measurement("PLT", None, "", None, starred=False)),
     ("PLT,.5 %,1 to 2", Measurement("PLT", 0.5, "%", (1.0, 2.0), starred=False))],
)  # fmt: skip
def test_lines_that_are_written_otherwise(line: str, expected: Measurement) -> None:
    (found,) = parse_blood_count(line, "x").measurements.values()
    assert found == expected
    assert found.flag is not Flag.LOW or found.value is not None, "what was not measured is not low"


@pytest.mark.parametrize(
    ("value", "flag"), [("3.99", Flag.LOW), ("4", Flag.NORMAL), ("10.0", Flag.NORMAL), ("10.01", Flag.HIGH)]
)
def test_the_ends_of_the_range_are_normal(value: str, flag: Flag) -> None:
    assert parse_blood_count(f"WBC,{value},4 --- 10", "x").measurements["WBC"].flag is flag


def test_what_was_not_measured_has_no_flag() -> None:
    assert parse_blood_count("PLT,pending,150 --- 450", "x").measurements["PLT"].flag is Flag.UNKNOWN
    assert parse_blood_count("PLT,* 3", "x").measurements["PLT"].flag is Flag.UNKNOWN


def test_other_lines_are_notes() -> None:
    found = parse_blood_count(f"{COUNTS}\n Repeated on a fresh sample \n\n,,\n", "x")
    assert found.notes == ("Repeated on a fresh sample",)
    assert len(found.measurements) == 9


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "holds no result"), ("Test,Result/Units,Norm. Range", "holds no result"),
     ("WBC,many,4 --- 10", "line 1: 'many' is no"), (",,", "holds no result"),
     ("WBC,5,wide", "line 1: 'wide' is no normal range"), ("WBC,5,10 --- 4", "line 1: .* runs backwards"),
     ("WBC,5,4 --- 10\n\nWBC,6,4 --- 10", "line 3: WBC is there twice"), ("WBC,-5,4 --- 10", "'-5' is no result"),
     (",5 %,4 --- 10\nWBC,5,", "line 1: the test has no name"), ("WBC,nan,4 --- 10", "'nan' is no result"),
     ("WBC,٣,", "is no result")],
)  # fmt: skip
def test_a_broken_report_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "001_a.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=rf"001_a\.txt.*{message}"):
        read_blood_count(path)


LINES = st.lists(st.text("WBCRHGPLT 0123456789.,*-—/µlxe%\t\n\r\x0b\u2028", max_size=40) | st.sampled_from(COUNTS.splitlines()))


@settings(deadline=None)
@given(st.text() | LINES.map("\n".join))
def test_any_text_is_a_report_or_an_error(text: str) -> None:
    try:
        found = parse_blood_count(text, "some.txt")
    except DatasetError as error:
        assert "some.txt" in str(error)
        return
    assert found.measurements
    for test, measurement in found.measurements.items():
        assert test == measurement.test != ""
        assert measurement.value is None or 0.0 <= measurement.value < 1e10
        assert measurement.normal is None or measurement.normal[0] <= measurement.normal[1]
        assert (measurement.flag is Flag.UNKNOWN) == (measurement.value is None or measurement.normal is None)


NUMBERS = st.decimals(0, 9999, places=2).map(float)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(EXPECTED_UNITS)), st.tuples(NUMBERS, NUMBERS, NUMBERS, st.booleans()), min_size=1)
)
def test_what_is_written_is_read_back(values: dict[str, tuple[float, float, float, bool]]) -> None:
    lines = ["Test,Result/Units,Norm. Range"]
    for test, (value, one, other, starred) in values.items():
        low, high = sorted((one, other))
        lines.append(f"{test},{'* ' if starred else ''}{value} {EXPECTED_UNITS[test]},{low} --- {high}")
    found = parse_blood_count("\n".join(lines), "x").measurements
    for test, (value, one, other, starred) in values.items():
        assert found[test] == Measurement(test, value, EXPECTED_UNITS[test], (min(one, other), max(one, other)), starred)
        assert found[test].unit_expected
    assert found.keys() == values.keys()
