"""In which order many fields are compared with a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge.slide.thumbnail import Field

FEW = 12
"""So few are not worth a look: all of them are compared in 3 ms."""


class Candidates:
    """Looks at all fields at once and coarsely: phase correlation at a third of the size, 1 ms for 100 fields.

    Among 300 fields of Chula, windows of ALL-IDB1 that share half of their area with one have it among the first eight in 30 of
    30 cases, that share a tenth in 7 of 9: good for the order, not to leave a field out.
    """

    def __init__(self) -> None:
        self._fields: tuple[Field, ...] = ()
        self._spectra: NDArray[np.complex64] = np.empty((0, 0, 0), np.complex64)

    def first(self, fields: Sequence[Field], seen: Field) -> Sequence[Field]:
        """All `fields`, the one first that most probably shares some area with `seen`; all have its frame's size."""
        if len(fields) <= FEW:
            return fields
        if len(fields) != len(self._fields) or any(a is not b for a, b in zip(fields, self._fields, strict=True)):
            self._fields = tuple(fields)
            self._spectra = np.stack([field.coarse for field in fields])
        rows, columns = seen.coarse.shape
        surfaces = np.fft.irfft2(self._spectra * seen.coarse.conj(), s=(rows, 2 * (columns - 1))).reshape(len(fields), -1)
        noise = np.sqrt(np.einsum("ij,ij->i", surfaces, surfaces))
        rank = np.argsort(-surfaces.max(axis=1) / np.maximum(noise, 1e-12))
        return [fields[index] for index in rank]
