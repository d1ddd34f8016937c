"""The one error of this package."""

from __future__ import annotations


class DatasetError(Exception):
    """A corpus is not laid out as it should be; the message names the file and what to do."""
