"""What names cells: that it is there, whole, and of a kind that a session can use."""

from __future__ import annotations

from collections.abc import Iterator

from edge.cells.namer import Namer
from edge.doctor.finding import Finding, Level
from engines.classifier import open_classifier
from engines.contract import EngineError

NAME = "classifier"


def check_classifier(name: str | None) -> Iterator[Finding]:
    """Opens it as a session does; None where cells are not named."""
    if name is None:
        yield Finding(NAME, Level.OK, "no cells are named: counting.classifier is null")
        return
    try:
        with open_classifier(name, threads=1) as classifier:
            namer = Namer(classifier)
    except EngineError as error:
        yield Finding(NAME, Level.ERROR, str(error), "name another under counting.classifier, or null")
        return
    yield Finding(NAME, Level.OK, f"{namer.stamp} names {namer.cell_class.plural}: {', '.join(namer.types)}")
