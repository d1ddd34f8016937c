"""What can go wrong with a service."""

from __future__ import annotations


class ServiceError(Exception):
    """A service that cannot be installed as asked; the message says what to do."""
