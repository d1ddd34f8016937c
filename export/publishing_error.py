"""What keeps a model from being published."""

from __future__ import annotations


class PublishingError(Exception):
    """A model cannot be published; the message says why."""
