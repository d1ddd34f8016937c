"""What can go wrong while counting; every message says what to do."""

from __future__ import annotations


class CountingError(Exception):
    """Something about counting one field."""


class MethodUnavailable(CountingError):
    """A method needs a map that the model does not give."""


class ScaleContradicted(CountingError):
    """The scale that a person gave cannot be that of this picture."""


class ScaleUnknown(CountingError):
    """The red cell diameter cannot be told from the image."""
