"""What can go wrong when models are measured."""

from __future__ import annotations


class EvaluationError(Exception):
    """A model cannot be measured on this data; the message says why and what to do."""
