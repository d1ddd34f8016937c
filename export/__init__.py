"""From labelled frames to a model that the device runs: datasets, networks, training, conversion, evaluation."""

from engines.telemetry import switch_off

switch_off()  # before any library of ours is loaded
