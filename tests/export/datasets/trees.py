"""Tiny corpora with the file names of the real ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

DATA = Path(__file__).parents[4] / "shared" / "data"
NO_DATA = "the labelled sets do not lie at ../shared/data"


def picture(path: Path, height: int = 48, width: int = 64) -> None:
    """A picture whose upper left corner is red."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((height, width, 3), 210, np.uint8)
    pixels[:16, :16] = (250, 10, 10)
    cv2.imwrite(str(path), pixels[..., ::-1])


def mask(path: Path, discs: list[tuple[int, int, int]], height: int = 48, width: int = 64) -> None:
    """A 1-bit picture of filled discs (x, y, radius)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = np.zeros((height, width), np.uint8)
    for x, y, radius in discs:
        cv2.circle(drawn, (x, y), radius, 255, -1)
    cv2.imwrite(str(path), drawn, [cv2.IMWRITE_PNG_BILEVEL, 1])


def text(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def allidb1(root: Path) -> Path:
    text(
        root / "index.csv",
        "image,native_width,native_height,width,split,masks,rbc_count,wbc_count,plt_count",
        "Im001_1,64,48,64,bench_train,rbc edge wbc,3,1,0",
        "Im002_1,64,48,64,train,rbc,,2,",
        "Im003_1,64,48,64,test,,4,0,1",
    )
    for name in ("Im001_1", "Im002_1", "Im003_1"):
        picture(root / "images" / f"{name}.jpg")
    for folder in ("masks_rbc", "masks_edge", "masks_wbc"):
        mask(root / folder / "Im001_1.png", [(20, 20, 8)])
    mask(root / "masks_rbc" / "Im002_1.png", [(40, 20, 8)])
    return root


def chula(root: Path) -> Path:
    text(
        root / "images.csv",
        "image,split,labels,complete",
        "1,train,2,yes", "38,train,1,no", "60,train,0,no", "61,train,0,no", "330,train,0,no", "40,test,1,yes", "35,test,0,no",
    )  # fmt: skip
    text(root / "cells.csv", "image,x,y,type", "1,5,6,0", "1,30.5,20,12", "38,9,9,3", "40,50,40,1")
    for name in (1, 38, 60, 61, 330, 40, 35):
        picture(root / "images" / f"{name}.jpg")
    return root


def cbc(root: Path) -> Path:
    text(
        root / "boxes.csv",
        "image,split,label,xmin,ymin,xmax,ymax",
        "BloodImage_00000,train,WBC,1,2,11,12",
        "BloodImage_00000,train,RBC,20,20,30,31",
        "BloodImage_00000,train,Platelets,40,40,43,43",
        "BloodImage_00000,train,Platelets,45,40,48,43",
        "BloodImage_00290,train,RBC,5,5,15,15",
        "BloodImage_00290,test,RBC,5,5,15,15",
    )
    for name in ("00000", "00290"):
        picture(root / "images" / f"BloodImage_{name}.jpg")
    return root


def txl(root: Path) -> Path:
    text(
        root / "boxes.csv",
        "image,split,label,xmin,ymin,xmax,ymax",
        "pbc_0001,train,WBC,20,20,44,44",
        "pbc_0001,train,RBC,2.0,2.0,14.0,14.0",
        "raabin_0001,test,RBC,10,10,25,26",
        "raabin_0001,test,Platelets,40,40,44,44",
    )
    for name in ("pbc_0001", "raabin_0001"):
        picture(root / "images" / f"{name}.jpg")
    return root


def pbc(root: Path) -> Path:
    text(root / "cells.csv", "image,split,type,subtype", "neutrophil_0001,train,neutrophil,BNE", "ig_0007,test,ig,PMY")
    for name in ("neutrophil_0001", "ig_0007"):
        picture(root / "images" / f"{name}.jpg")
    return root


def all_of(root: Path) -> Path:
    """The corpora beside each other, as under the data folder."""
    allidb1(root / "allidb1")
    chula(root / "chula")
    cbc(root / "cbc")
    txl(root / "txl")
    return root
