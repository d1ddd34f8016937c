"""Pictures from disk, as far as the gate."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge.cameras.camera import CameraError
from edge.cameras.images import Images
from edge.optics.gate import Gate, GateSettings
from tests.campaigns.fuzzing.mutation import mutate

_PNG = b"\x89PNG\r\n\x1a\n"


class PicturesTarget:
    """See the module."""

    name = "images"
    share = 0.28
    refusals: tuple[type[Exception], ...] = (CameraError,)

    def seeds(self) -> list[bytes]:
        """Small ones of every kind that is read: the decoders' ways differ by kind, not by size."""
        rows, columns = np.mgrid[0:24, 0:32]
        rgb = np.stack([200 + columns, 180 + 2 * rows, 150 + rows + columns], axis=-1).astype(np.uint8)
        picture = Image.fromarray(rgb)
        turned = Image.Exif()
        turned[0x0112] = 6
        return [
            *(_saved(picture, "JPEG", **options) for options in ({}, {"progressive": True}, {"exif": turned, "quality": 60})),
            _saved(picture.convert("L"), "JPEG"), _saved(picture.convert("CMYK"), "JPEG"),
            *(_saved(picture.convert(mode), "PNG") for mode in ("RGB", "L", "P", "RGBA", "LA", "1")),
            *(_saved(picture.convert(mode), "BMP") for mode in ("RGB", "L", "1")),
            *(_saved(picture, "TIFF", compression=one) for one in (None, "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")),
            _saved(picture.convert("L"), "TIFF"), _saved(picture.convert("CMYK"), "TIFF"), _saved(picture.convert("F"), "TIFF"),
            *(_sixteen_bits(suffix, rgb) for suffix in (".png", ".tiff")), _sixteen_bits(".png", rgb[..., 0]),
        ]  # fmt: skip

    def mutated(self, random: Random, seeds: Sequence[bytes]) -> bytes:
        content = random.choice(seeds)
        if content.startswith(_PNG) and random.random() < 0.6:
            return _other_chunks(random, content)
        return mutate(random, content, seeds)

    def attempt(self, content: bytes, folder: Path) -> None:
        path = folder / "picture.png"
        path.write_bytes(content)
        with Images([path]) as camera:
            frame = camera.read()
        assert frame.pixels.dtype == np.uint8 and frame.pixels.ndim == 3 and frame.pixels.shape[2] == 3, frame.pixels.shape
        Gate(GateSettings()).judge(frame.pixels, None)


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _sixteen_bits(suffix: str, eight: NDArray[np.uint8]) -> bytes:
    _done, data = cv2.imencode(suffix, eight.astype(np.uint16) * 257)
    return data.tobytes()


def _other_chunks(random: Random, content: bytes) -> bytes:
    """A PNG whose chunks are changed and whose checksums are right again, so that more than the checksum is tested."""
    chunks, at = [], len(_PNG)
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    for _ in range(random.randint(1, 3)):
        one = random.randrange(len(chunks))
        name, data = chunks[one]
        match random.randrange(5):
            case 0 if len(chunks) > 1:
                del chunks[one]
            case 1:
                chunks.insert(random.randrange(len(chunks) + 1), chunks[one])
            case 2 if name == b"IDAT":
                chunks[one] = (name, zlib.compress(mutate(random, _inflated(data), ())))
            case 3:
                chunks[one] = (random.choice((b"IDAT", b"PLTE", b"tRNS", b"eXIf", b"iCCP", b"acTL", b"zTXt", b"IHDR")), data)
            case _:
                chunks[one] = (name, mutate(random, data, ()))
    return _PNG + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return data  # an earlier change broke it: then its raw bytes are changed
