"""Whether a frame is fit to be counted: focus, exposure, gate."""
