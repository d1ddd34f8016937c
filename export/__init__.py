"""From labelled frames to a model that the device runs: datasets, networks, training, conversion, evaluation."""

import engines as _  # before any library of ours is loaded: its telemetry is off
