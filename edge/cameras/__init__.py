"""The microscope cameras: one file a kind, all behind `camera.Camera`."""
