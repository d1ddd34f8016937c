from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaigns.fuzzing.breaking import BreakingTarget
from tests.campaigns.fuzzing.campaign import campaign
from tests.campaigns.fuzzing.findings import keep
from tests.campaigns.fuzzing.outcome import Outcome

WORDS = {
    b"well": Outcome.ACCEPTED, b"refuse": Outcome.REFUSED, b"raise": Outcome.TRACEBACK, b"abort": Outcome.CRASH,
    b"unnamed": Outcome.UNCLEAR, b"escape": Outcome.UNCLEAR, b"native": Outcome.CRASH, b"long": Outcome.UNCLEAR,
    b"leave": Outcome.TRACEBACK, b"hang": Outcome.HANG, b"print": Outcome.ACCEPTED,
}  # fmt: skip


def test_every_fault_is_found_and_the_campaign_goes_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = []
    figures = campaign(BreakingTarget(list(WORDS)), len(WORDS), seed=1, timeout_s=1.0, done=lambda: done.append(1))
    assert figures.outcomes == {outcome: list(WORDS.values()).count(outcome) for outcome in set(WORDS.values())}
    assert len(done) == figures.inputs == len(WORDS)
    found = {content: ended for ended, content in figures.first}
    assert set(found) == {word for word, outcome in WORDS.items() if outcome not in (Outcome.ACCEPTED, Outcome.REFUSED)}
    assert {word: found[word].outcome for word in found} == {word: WORDS[word] for word in found}
    assert "SIGABRT" in found[b"abort"].text
    assert "SIGSEGV" in found[b"native"].text
    assert "string_at" in found[b"native"].text  # the stack that it died in
    assert "breaking.py" in found[b"hang"].text
    assert found[b"raise"].place == "KeyError in breaking.py:attempt"
    assert capfd.readouterr() == ("", "")
    files = keep(figures, tmp_path / "findings")
    assert len(files) == len(found)
    assert {file.with_suffix(".bin").read_bytes() for file in files} == set(found)


def test_a_like_finding_is_counted_and_kept_once() -> None:
    figures = campaign(BreakingTarget([b"well", b"raise"]), 40, seed=1, timeout_s=10.0)
    assert figures.outcomes[Outcome.TRACEBACK] > 5
    assert len(figures.first) == 1
    assert figures.findings == figures.outcomes[Outcome.TRACEBACK]


def test_the_same_seed_gives_the_same_figures() -> None:
    runs = [campaign(BreakingTarget([b"well", b"raise", b"refuse"]), 30, seed, 10.0).outcomes for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
