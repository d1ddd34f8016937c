"""The samples that a model is measured on."""

from __future__ import annotations

from pathlib import Path

from export.datasets import CORPORA, read_corpus
from export.datasets.sample import Sample
from export.evaluation.errors import EvaluationError


def chosen(data: Path, corpus: str, folder: str | None, splits: tuple[str, ...], ignore: tuple[str, ...] = ()) -> list[Sample]:
    """The samples of these splits, labels in `ignore` left out; `folder` under `data` is the corpus' name if not given, without
    `-crops`. Raises DatasetError, EvaluationError naming the splits that there are."""
    if corpus not in CORPORA:
        raise EvaluationError(f"there is no set {corpus!r}: name {', '.join(CORPORA)}")
    read = read_corpus(corpus, data / (folder or corpus.removesuffix("-crops")))
    found = [sample for sample in read if sample.split in splits and sample.label not in ignore]
    if not found:
        have = ", ".join(sorted({sample.split or "(none)" for sample in read})) or "nothing"
        raise EvaluationError(f"{corpus} has no sample in {', '.join(splits)}; it has {have}")
    return found
