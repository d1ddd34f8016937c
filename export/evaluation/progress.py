"""A bar on the terminal's error stream while models are measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from export.evaluation.models import Tell


@contextmanager
def told_progress() -> Iterator[Tell]:
    """One line a model with the time left; nothing where the stream is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        lines = {}

        def tell(name: str, done: int, total: int) -> None:
            if name not in lines:
                lines[name] = progress.add_task(name, total=total)
            progress.update(lines[name], completed=done)

        yield tell
