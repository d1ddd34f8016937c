"""Elsafty's red cells (Elmanna, Elsafty et al., "... a Large Multi-Scanner Dataset"; PathOlOgics_RBCs, figshare 24119511).

Crops of 80x80 pixels from 25 slides, one patient each, on four scanners (the paper's table 2), in eight classes. Its text gives
neither folders nor file names. The published set is described so: folders of cropped images, masks and segmented images, in
each one subfolder a class, and file names that start with the slide's number, then the patch's, then x, y, width and height
on the patch. That is what is read: the first number of a name is the slide, whatever the separators, with `slide`, `smear` or
`s` before it or not. White of a mask is taken for the cell, as the masks in its figure 4 show it.

The published set has nine classes: `angled cells` and `borderline ovalocytes` beside six of the eight, and no `other`. What
became of the paper's `other` (artificial teardrops) is not said, so the two sets are two entries: `read` and `read_nine`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from export.datasets.errors import DatasetError
from export.datasets.folders import is_picture, natural, plain
from export.datasets.sample import MaskFile, Sample

CORPUS = "elsafty"
SIDE_PX = 80
SCANNER_SLIDES = {
    1: (1, 5, 6, 8, 25),
    2: (2, 3, 4, 7, 9, 11),
    3: (14, 15, 19, 20, 22, 23, 24),
    4: (10, 12, 13, 16, 17, 18, 21),
}
"""Scanner to slides: table 2."""
SCANNERS = {slide: f"scanner {scanner}" for scanner, slides in SCANNER_SLIDES.items() for slide in slides}
TEST_SLIDES = frozenset({4, 5, 6, 13, 16})
"""The paper's test slides (its per-slide table); the others are for its 5x2 cross-validation."""
CLASSES: Mapping[str, tuple[str, ...]] = {
    "normal": ("normal", "NOR", "normal RBCs", "rounded RBCs", "rounded RBC", "normal rounded RBCs"),
    "ovalocyte": ("ovalocyte", "OVA", "ovalocytes"),
    "burr cell": ("burr cell", "BUR", "burr cells", "burr"),
    "fragmented": ("fragmented", "FRA", "fragmented RBCs", "fragmented RBC", "fragments"),
    "teardrop": ("teardrop", "TEA", "teardrops"),
    "two overlapped": ("two overlapped", "TWO", "two overlapped RBCs", "two overlapping RBCs", "two overlapping cells"),
    "three overlapped": (
        "three overlapped",
        "THR",
        "three overlapped RBCs",
        "three overlapping RBCs",
        "three overlapping cells",
    ),
    "other": ("other", "OTH", "other RBCs", "others", "other RBC types"),
}
"""The paper's eight classes and the spellings of their folders, the paper's abbreviations among them."""
NINE_CLASSES: Mapping[str, tuple[str, ...]] = {
    **{name: spellings for name, spellings in CLASSES.items() if name != "other"},
    "angled": ("angled", "angled cells", "angled cell", "angled RBCs", "angled RBC"),
    "borderline ovalocyte": ("borderline ovalocyte", "borderline ovalocytes"),
}
"""The classes of the published set."""
_MASKS = re.compile(r"(?:cells?|cropped|rbcs?|binary)?masks?(?:images?)?")
"""A folder of masks by its plain name; `100K-RBC-Mask-PathOlogics` is a whole set."""
_SLIDE = re.compile(r"(?:slide|smear|wsi|s)?[\s_.\-]*0*([0-9]{1,2})(?![0-9])", re.IGNORECASE)


def read(root: Path) -> list[Sample]:
    """The crops in class folders under `root`, with a class each, and a mask where masks are there. Raises DatasetError.

    `group` is the slide (`slide 7`), `scanner` from the paper's table, `split` `test` on its test slides, else `train`.
    """
    return _labelled(root, CLASSES)


def read_nine(root: Path) -> list[Sample]:
    """As `read`, in the published set's nine classes. Raises DatasetError."""
    return _labelled(root, NINE_CLASSES)


def crops_with_masks(root: Path) -> list[Sample]:
    """The crops under `root` with their masks (100K-RBC-Mask-PathOlogics), class folders or not: no label. Raises DatasetError
    where a crop has no mask."""
    masks = _masks(root)
    samples = [_sample(path, None, masks) for path in _crops(root)]
    bare = next((sample for sample in samples if not sample.masks), None)
    if bare is not None:
        raise DatasetError(f"{bare.path} has no mask of its name in a folder of masks under {root}; copy it from the corpus")
    return _some(samples, root)


def _labelled(root: Path, classes: Mapping[str, tuple[str, ...]]) -> list[Sample]:
    label_of = {plain(spelling): label for label, spellings in classes.items() for spelling in spellings}
    masks = _masks(root)
    samples = []
    for path in _crops(root):
        label = label_of.get(plain(path.parent.name).lstrip("0123456789"))  # folders may be numbered
        if label is None:
            raise DatasetError(f"{path} lies in {path.parent.name!r}, which is none of the classes {', '.join(classes)}")
        samples.append(_sample(path, label, masks))
    if masks and (bare := next((sample for sample in samples if not sample.masks), None)):
        raise DatasetError(f"{bare.path} has no mask, though {root} has masks; copy it from the corpus")
    return _some(samples, root)


def _some(samples: list[Sample], root: Path) -> list[Sample]:
    if not samples:
        raise DatasetError(f"{root} holds no crops; give the folder that the corpus was unpacked into")
    return samples


def _kind(path: Path, root: Path) -> str:
    """What the folders between `root` and a picture say that it is."""
    folders = [plain(part) for part in path.relative_to(root).parts[:-1]]
    if any(_MASKS.fullmatch(folder) for folder in folders):
        return "mask"
    return "segmented" if any(folder.startswith("segmented") for folder in folders) else "crop"


def _of_kind(root: Path, kind: str) -> Iterable[Path]:
    if not root.is_dir():
        raise DatasetError(f"{root} is no folder to read; give the folder that the corpus was unpacked into")
    found = [path for path in root.rglob("*") if is_picture(path) and _kind(path, root) == kind]
    return sorted(found, key=lambda path: natural(str(path.relative_to(root))))


def _crops(root: Path) -> Iterable[Path]:
    return _of_kind(root, "crop")


def _masks(root: Path) -> dict[str, Path]:
    """By name without suffix: it holds slide, patch and place, so that no two cells share one."""
    found: dict[str, Path] = {}
    for path in _of_kind(root, "mask"):
        if found.setdefault(path.stem, path) is not path:
            raise DatasetError(f"{path} and {found[path.stem]} are both masks of one name; keep the right one")
    return found


def _sample(path: Path, label: str | None, masks: Mapping[str, Path]) -> Sample:
    match = _SLIDE.match(path.stem)
    slide = int(match[1]) if match else 0
    if slide not in SCANNERS:
        raise DatasetError(f"{path} does not begin with the number of a slide, 1 to 25, as the corpus' names do")
    mask = masks.get(path.stem)
    return Sample(
        CORPUS, "test" if slide in TEST_SLIDES else "train", path.stem, path, group=f"slide {slide}", scanner=SCANNERS[slide],
        label=label, masks={} if mask is None else {"rbc": MaskFile(mask)},
    )  # fmt: skip
