"""Tiny corpora with the folders and file names that the papers give; small pictures, drawn here."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tests.export.datasets.trees import mask, picture, text

COUNTS = """Test,Result/Units,Norm. Range
WBC,* 19.31 x10.e 3/µl,5 --- 15
RBC,* 3.14 x10.e 6/µl,4.3 --- 5.3
HGB,* 8.3 g/dL,9.4 --- 13
HCT,* 24 %,28.5 --- 35.5
MCV,* 72.3 L,27 --- 33
MCH,* 25 pg,28 --- 34
MCHC,* 34.6 g/dL,32 --- 36
PLT,* 487 x10.e 3/µl,150 --- 450
MPV,10.6 FL,7.2 --- 11
"""
"""The first report of AneRBC's figure 4, its slips included."""
SHORT_COUNTS = """Test, Result/Units, Norm. Range
WBC, * 1.95 x10.e, 4 --- 10
RBC, * 2.1 x10.e 6/μl, 3.8 --- 4.8
HGB, * 5.9 g/dL, 12 --- 15
MCV, 83.3 FL, 76 --- 96
MCHC, 33.7 g/dL, 31.5 --- 34.5
PLT, * 106 x10.e 3/μl,150 --- 450
"""
"""Lines of its second one, with the other sign for micro and a unit cut short."""
WORDS = """Test: RBC Morphology
Specimen: Peripheral smear
RBC MORPHOLOGY / PERIPHERAL SMEAR:
Peripheral smear shows microcytic hypochromic picture of RBCs with anisocytosis, target cell.
WBCs MORPHOLOGY:
WBCs increased with lymphocytosis.
PLATELETS:
Platelets increased.
"""
SHORT_WORDS = """Test : RBC Morphology
Specimen : Peripheral smear
RBC MORPHOLOGY / PERIPHERAL SMEAR: Peripheral smear shows microcytic hypochromic picture of RBCs with polychromasia,
and elliptocytes
WBCs MORPHOLOGY: WBCs decreased with neutropenia.
PLATELETS: Platelets reduced with no clumping.
"""
DISC = (20, 20, 8)
SIZE = {"height": 48, "width": 64}


def inverted_mask(path: Path, height: int = 48, width: int = 64) -> None:
    """White but for a disc, as AneRBC's."""
    mask(path, [DISC], height, width)
    cv2.imwrite(str(path), 255 - cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


def colour_mask(path: Path, behind: int = 255, height: int = 48, width: int = 64) -> None:
    """A pale pink disc, lighter than a threshold in the middle would have it, on white or black."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = np.full((height, width, 3), behind, np.uint8)
    cv2.circle(drawn, DISC[:2], DISC[2], (200, 160, 230), -1)
    cv2.imwrite(str(path), drawn)


def anerbc(root: Path, height: int = 48, width: int = 64) -> Path:
    """AneRBC-I of two fields a cohort, AneRBC-II of two tiles of one field each."""
    names = {"AneRBC-I": ("001", "002"), "AneRBC-II": ("0001_01", "0001_12")}
    for part, cohort, letter in ((p, c, c[0].lower()) for p in names for c in ("Anemic_individuals", "Healthy_individuals")):
        folder = root / part / cohort
        for name in names[part]:
            stem = f"{name}_{letter}"
            picture(folder / "Original_images" / f"{stem}.png", height, width)
            inverted_mask(folder / "Binary_segmented" / f"{stem}.png", height, width)
            colour_mask(folder / "RGB_segmented" / f"{stem}.png", 255, height, width)
            text(folder / "CBC_reports" / f"{stem}.txt", COUNTS if letter == "a" else SHORT_COUNTS)
            text(folder / "Morphology_reports" / f"{stem}.txt", WORDS if letter == "a" else SHORT_WORDS)
    return root


ELSAFTY_CLASSES = (
    "Rounded RBCs", "Ovalocytes", "Burr cells", "Fragmented RBCs", "Teardrops", "Two overlapping cells",
    "Three overlapping cells", "Other RBCs",
)  # fmt: skip
ELSAFTY_NAMES = ("7_0012_100_200_80_80", "14_3_5_6_80_80", "04_12_9_9_80_80")


def elsafty(root: Path, classes: tuple[str, ...] = ELSAFTY_CLASSES) -> Path:
    """A crop of three slides in each class; names begin with the slide, then patch, x, y, width, height."""
    for number, label in enumerate(classes):
        for name in ELSAFTY_NAMES:
            stem = f"{name}{number}"
            picture(root / "Cropped images" / label / f"{stem}.jpg", 80, 80)
            mask(root / "Masks" / label / f"{stem}.png", [(40, 40, 20)], 80, 80)
            picture(root / "Segmented images" / label / f"{stem}.jpg", 80, 80)
    return root


def anaemic_rbc(root: Path) -> Path:
    """Three pictures of two patients in each set."""
    for cohort in ("Healthy-RBCs", "Anaemic-RBCs"):
        for name in ("1", "20", "21"):
            picture(root / cohort / "Original_images" / f"{name}.png")
            inverted_mask(root / cohort / "Ground_truth" / f"{name}_mask.png")
            text(root / cohort / "CBC_reports" / f"{name}.txt", COUNTS)
            text(root / cohort / "Morphology_reports" / f"{name}.txt", WORDS)
    return root


def annotation(path: Path, *boxes: tuple[str, int, int, int, int], width: int = 64, height: int = 48) -> None:
    """As labelImg wrote BCCD's."""
    objects = "".join(
        f"<object><name>{name}</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult><bndbox>"
        f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
        for name, left, top, right, bottom in boxes
    )
    size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
    text(path, f"<annotation><folder>JPEGImages</folder><filename>{path.stem}.jpg</filename>{size}{objects}</annotation>")


def bccd(root: Path) -> Path:
    """BCCD's own layout: two listed pictures and one that no list has."""
    folder = root / "BCCD"
    for name in ("BloodImage_00000", "BloodImage_00001", "BloodImage_00010"):
        picture(folder / "JPEGImages" / f"{name}.jpg")
        boxes = (("WBC", 1, 2, 11, 12), ("RBC", 20, 20, 30, 31), ("Platelets", 40, 40, 70, 60))
        annotation(folder / "Annotations" / f"{name}.xml", *boxes)
    text(folder / "ImageSets" / "Main" / "train.txt", "BloodImage_00000")
    text(folder / "ImageSets" / "Main" / "test.txt", "BloodImage_00001")
    return root


def published_cbc(root: Path) -> Path:
    for folder, name in (("Training", "BloodImage_00000"), ("Testing", "BloodImage_00301"), ("Validation", "BloodImage_00240")):
        picture(root / folder / "Images" / f"{name}.jpg")
        annotation(root / folder / "Annotations" / f"{name}.xml", ("RBC", 20, 20, 30, 31))
    return root


def folder_masks(root: Path) -> Path:
    for name in ("b", "a", "c10", "c9"):
        picture(root / "images" / f"{name}.png")
        mask(root / "masks" / f"{name}_mask.png", [DISC])
        mask(root / "masks_edge" / f"{name}.png", [(20, 20, 3)])
    return root


def folder_classes(root: Path) -> Path:
    for label in ("round", "burr"):
        for name in ("1", "2"):
            picture(root / label / f"{label}{name}.png")
    return root
