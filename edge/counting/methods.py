"""All counting methods behind one mapping."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from edge.counting import centre_peaks, components, distance_peaks, hough, watershed
from edge.counting.cell import ClassMaps, Method, Region
from edge.counting.errors import MethodUnavailable
from edge.counting.foreground_box import Find, within_foreground
from edge.counting.settings import ClassSettings

METHODS: Mapping[Method, Find] = MappingProxyType(
    {
        Method.CENTRES: centre_peaks.find,
        Method.WATERSHED: within_foreground(watershed.find),
        Method.HOUGH: hough.find,
        Method.COMPONENTS: within_foreground(components.find),
        Method.DISTANCE_PEAKS: within_foreground(distance_peaks.find),
    }
)

NEEDS: Mapping[Method, tuple[str, ...]] = MappingProxyType({Method.CENTRES: ("centre",)})
"""Fields of ClassMaps that a method cannot do without, besides the foreground."""


def available(maps: ClassMaps) -> tuple[Method, ...]:
    """The methods that can count these maps, in METHODS' order."""
    return tuple(method for method in METHODS if not _missing(method, maps))


def find(method: Method, maps: ClassMaps, cell_diameter_px: float, settings: ClassSettings) -> list[Region]:
    """Regions that `method` finds, in the maps' pixels, where a red cell has `cell_diameter_px` pixels.

    Raises MethodUnavailable if the model lacks a map that the method needs, ValueError if the diameter is not above 0.
    """
    missing = _missing(method, maps)
    if missing:
        others = ", ".join(other.value for other in available(maps))
        raise MethodUnavailable(
            f"counting by {method.value} needs a {' and '.join(missing)} map, which the model lacks; available: {others}"
        )
    return METHODS[method](maps, cell_diameter_px, settings)


def _missing(method: Method, maps: ClassMaps) -> list[str]:
    return [name for name in NEEDS.get(method, ()) if getattr(maps, name) is None]
