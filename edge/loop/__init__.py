"""From camera to record: the loop and its stations, the run machine, the inference thread, one single picture."""
