"""From absorbed light to a camera's pixels: lamp, lens, sensor, JPEG."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from edge.frame import Pixels
from edge.smear.staining import Density

# Of 640 pixels so many rows of colours in 32 bits stay in a core's cache (246 kB, twice); a picture at once is 3.7 MB, thrice.
# With that and OpenCV's exchange of colours 640x480 cost 12 ms of CPU instead of 17, of which the random numbers are 7.
ROWS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Imaging:
    """One camera on one microscope. Brightnesses are 0..1 of the sensor's range.

    `lamp` is the colour of the empty background; `shading` the relative fall of light across the field, towards
    `shading_angle`; `vignetting` its fall at the corners; `defocus_um` the standard deviation of the blur on the slide;
    `motion_um` the way the stage goes during an exposure, along `motion_angle`; `noise` the sensor's noise at mid-grey
    (1 = full range), which grows with the root of the light; `jpeg_quality` 1..100, or None for no compression; `pointer`
    the ends x, y, x, y of the eyepiece's dark pointer (or of a hair on the sensor), in shares of the field.
    """

    lamp: tuple[float, float, float] = (0.86, 0.86, 0.82)
    shading: float = 0.05
    shading_angle: float = 0.6
    vignetting: float = 0.08
    defocus_um: float = 0.12
    motion_um: float = 0.0
    motion_angle: float = 0.0
    noise: float = 0.012
    gamma: float = 1.0
    jpeg_quality: int | None = 92
    pointer: tuple[float, float, float, float] | None = None

    @staticmethod
    def random(rng: np.random.Generator) -> Imaging:
        """A camera drawn over white balance, exposure, light, focus and compression, from good to poor but countable."""
        level = rng.uniform(0.4, 0.98)
        tint = rng.normal(1.0, 0.09, 3)
        return Imaging(
            lamp=tuple(float(x) for x in np.clip(level * tint, 0.25, 1.08)),  # type: ignore[arg-type]  # a generator of three
            shading=float(rng.uniform(0.0, 0.25)),
            shading_angle=float(rng.uniform(0.0, 6.28)),
            vignetting=float(rng.uniform(0.0, 0.3)),
            defocus_um=float(rng.uniform(0.05, 0.5)),
            motion_um=float(rng.choice([0.0, rng.uniform(0.0, 0.8)], p=[0.7, 0.3])),
            motion_angle=float(rng.uniform(0.0, 6.28)),
            noise=float(rng.uniform(0.002, 0.03)),
            gamma=float(rng.uniform(0.8, 1.25)),
            jpeg_quality=int(rng.integers(55, 98)),
            pointer=None if rng.random() > 0.1 else tuple(float(x) for x in rng.uniform(-0.2, 1.2, 4)),  # type: ignore[arg-type]  # four
        )


@lru_cache(maxsize=1)
def _light(shading: float, shading_angle: float, vignetting: float, height_px: int, width_px: int) -> Density:
    """The lamp's light over the field as (height, width) float32 around 1. Kept, as a camera asks for the same each time."""
    y, x = np.mgrid[-1.0 : 1.0 : height_px * 1j, -1.0 : 1.0 : width_px * 1j].astype(np.float32)
    slope = x * np.cos(shading_angle) + y * np.sin(shading_angle)
    light = np.asarray((1.0 + 0.5 * shading * slope) * (1.0 - 0.5 * vignetting * (x * x + y * y)), np.float32)
    light.setflags(write=False)
    return light


def _pointer_shadow(ends: tuple[float, float, float, float], height_px: int, width_px: int, um_per_px: float) -> Density:
    """A straight line 2 µm wide that lets a tenth of the light through."""
    light = np.ones((height_px, width_px), np.float32)
    start, end = (
        (round(ends[0] * width_px), round(ends[1] * height_px)),
        (round(ends[2] * width_px), round(ends[3] * height_px)),
    )
    cv2.line(light, start, end, 0.1, max(1, round(2.0 / um_per_px)), cv2.LINE_AA)
    return light


def _motion_kernel(length_px: float, angle: float) -> Density:
    side = int(np.ceil(length_px)) | 1
    kernel = np.zeros((side, side), np.float32)
    middle = (side - 1) / 2.0
    for t in np.linspace(-0.5, 0.5, 4 * side):
        kernel[round(middle + t * (length_px - 1) * np.sin(angle)), round(middle + t * (length_px - 1) * np.cos(angle))] += 1.0
    return np.asarray(kernel / kernel.sum(), np.float32)


def expose(density: Density, imaging: Imaging, um_per_px: float, rng: np.random.Generator) -> Pixels:
    """The picture that the camera takes, (height, width, 3) uint8 RGB; `rng` is the sensor's noise."""
    return sense(focused(density, imaging, um_per_px), imaging, rng)


def focused(density: Density, imaging: Imaging, um_per_px: float) -> Density:
    """The light that falls on the sensor, (height, width, 3) float32, 1 = full range: lamp, glass and lens, no noise yet."""
    height_px, width_px = density.shape[:2]
    picture = np.negative(density)
    np.exp(picture, out=picture)
    picture *= np.asarray(imaging.lamp, np.float32)
    picture *= _light(imaging.shading, imaging.shading_angle, imaging.vignetting, height_px, width_px)[..., None]
    if imaging.pointer is not None:
        picture *= _pointer_shadow(imaging.pointer, height_px, width_px, um_per_px)[..., None]
    sigma = imaging.defocus_um / um_per_px
    if sigma > 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    if imaging.motion_um / um_per_px > 1.0:
        picture = cv2.filter2D(
            picture, -1, _motion_kernel(imaging.motion_um / um_per_px, imaging.motion_angle), borderType=cv2.BORDER_REFLECT
        )
    np.clip(picture, 0.0, 1.2, out=picture)
    return picture if imaging.gamma == 1.0 else np.asarray(picture**imaging.gamma, np.float32)


def sense(light: Density, imaging: Imaging, rng: np.random.Generator) -> Pixels:
    """What the sensor makes of `light` (see `focused`), and the file format after it: (height, width, 3) uint8 RGB."""
    pixels = np.empty(light.shape, np.uint8)
    rows = np.empty((2, ROWS_AT_ONCE, *light.shape[1:]), np.float32)
    for top in range(0, light.shape[0], ROWS_AT_ONCE):
        lit = light[top : top + ROWS_AT_ONCE]
        picture, deviation = rows[:, : len(lit)]
        rng.standard_normal(out=picture, dtype=np.float32)
        picture *= imaging.noise
        np.clip(lit, 0.02, 1.0, out=deviation)
        deviation *= 2.0
        picture *= np.sqrt(deviation, out=deviation)
        picture += lit
        picture *= 255.0
        picture += 0.5
        pixels[top : top + ROWS_AT_ONCE] = np.clip(picture, 0.0, 255.0, out=picture)
    if imaging.jpeg_quality is None:
        return pixels
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, imaging.jpeg_quality])
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)
