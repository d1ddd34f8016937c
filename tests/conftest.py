"""Settings for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# No test judges wall time: machines differ, and a busy one would fail what is right.
settings.register_profile("hemocam", deadline=None)
settings.load_profile("hemocam")
# Whichever test imports Keras first chooses its backend for the process.
os.environ.setdefault("KERAS_BACKEND", "torch")
