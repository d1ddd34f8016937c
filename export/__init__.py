"""From labelled frames to a model that the device runs: datasets, networks, training, conversion, evaluation."""
