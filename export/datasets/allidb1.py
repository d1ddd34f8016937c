"""ALL-IDB1 (Labati, Piuri, Scotti, ICIP 2011; research only) with the masks and counts of Gharbi et al. (MIT)."""

from __future__ import annotations

from pathlib import Path

from export.datasets.errors import DatasetError
from export.datasets.sample import MaskFile, Sample
from export.datasets.tables import read_rows, values_of

CORPUS = "allidb1"
SCANNER = "Canon G5"
MASKS = {"rbc": "masks_rbc", "edge": "masks_edge", "wbc": "masks_wbc", "plt": "masks_plt"}
BENCH_SPLITS = ("bench_train", "test")
"""The paper's 13 fields: the ten that it trained on and its three test fields."""


def read(root: Path) -> list[Sample]:
    """The fields under `root` (`images/`, `masks_*/`, `index.csv`), all splits. Raises DatasetError.

    Whose blood a field shows is not given: `group` is the field itself.
    """
    samples = []
    for row in read_rows(root / "index.csv", ("image", "split", "masks", "rbc_count", "wbc_count", "plt_count")):
        try:
            masks = {name: MaskFile(root / MASKS[name] / f"{row['image']}.png") for name in row["masks"].split()}
        except KeyError as error:
            raise DatasetError(
                f"{root / 'index.csv'}: {row['image']} names the mask {error}, known are {', '.join(MASKS)}"
            ) from error
        with values_of(root / "index.csv"):
            counts = {kind: int(row[f"{kind}_count"]) for kind in ("rbc", "wbc", "plt") if row[f"{kind}_count"]}
        samples.append(
            Sample(
                CORPUS,
                row["split"],
                row["image"],
                root / "images" / f"{row['image']}.jpg",
                counts=counts,
                masks=masks,
                group=row["image"],
                scanner=SCANNER,
            )
        )
    return samples
