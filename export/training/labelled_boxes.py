"""Targets from boxes: the CBC set's fields."""

from __future__ import annotations

import numpy as np

from export.datasets.sample import Sample
from export.training.foreground import foreground, resized, uncertain_edge
from export.training.targets import CENTRE, CENTRE_SIGMA, OUTLINE, PLT, RBC, WBC, WBC_CENTRE, Patch, blank, draw_centres


def from_boxes(sample: Sample, diameter_px: float) -> Patch:
    """Targets of a CBC field: half of the red cells have no box, so that foreground outside boxes is unknown to the centres."""
    native = sample.pixels()
    inside = [b for b in sample.boxes if b.label == "rbc" and b.left > 2 and b.top > 2 and b.right < 638 and b.bottom < 478]
    sizes = [0.5 * (b.right - b.left + b.bottom - b.top) for b in inside]
    zoom = diameter_px / (float(np.median(sizes)) if len(sizes) >= 3 else 95.0)
    pixels = resized(native, zoom)
    targets, known = blank(pixels)
    mask = foreground(pixels, diameter_px)
    ys, xs = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]].astype(np.float32)
    known[..., RBC][uncertain_edge(mask, 2)] = 0
    known[..., OUTLINE][mask], known[..., CENTRE][mask] = 0, 0
    targets[..., RBC][mask] = 255
    for box in sorted(sample.boxes, key=lambda b: b.label):
        cx, cy = 0.5 * (box.left + box.right) * zoom, 0.5 * (box.top + box.bottom) * zoom
        rho = np.hypot(
            (xs - cx) / max(1.0, 0.5 * zoom * (box.right - box.left)), (ys - cy) / max(1.0, 0.5 * zoom * (box.bottom - box.top))
        )
        if box.label == "rbc":
            near = rho < 0.75
            known[..., CENTRE][near] = 1
            draw_centres(targets[..., CENTRE], [(cx, cy)], CENTRE_SIGMA * diameter_px)
            targets[..., RBC][near], known[..., RBC][near] = 255, 1
            continue
        channel, core, halo = (WBC, 0.85, 1.12) if box.label == "wbc" else (PLT, 0.7, 1.2)
        targets[..., channel][rho < core] = 255
        known[..., channel][(rho >= core) & (rho < halo)] = 0
        if box.label == "wbc":
            draw_centres(targets[..., WBC_CENTRE], [(cx, cy)], 1.6 * CENTRE_SIGMA * diameter_px)
            for red in (RBC, OUTLINE, CENTRE):
                targets[..., red][rho < core] = 0
                known[..., red][rho < core] = 1
                known[..., red][(rho >= core) & (rho < halo)] = 0
        else:
            for red in (RBC, OUTLINE, CENTRE):
                known[..., red][rho < halo] = 0
    return Patch(pixels, targets, known)
