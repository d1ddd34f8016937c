"""What was found, kept with the input that shows it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.campaigns.fuzzing.campaign import Figures


def keep(figures: Figures, folder: Path) -> list[Path]:
    """Write the first of every distinct finding: its input as .bin, what happened as .txt. Gives the .txt files."""
    written = []
    for ended, content in figures.first:
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{figures.target}-{ended.outcome.value}-{hashlib.sha256(content).hexdigest()[:12]}"
        (folder / f"{stem}.bin").write_bytes(content)
        path = folder / f"{stem}.txt"
        path.write_text(
            f"{figures.target} input {ended.index}: {ended.outcome.value} after {ended.took_s:.2f} s\n{ended.place}\n\n"
            f"{ended.text}\n",
            encoding="utf-8",
            errors="backslashreplace",
        )
        written.append(path)
    return written
