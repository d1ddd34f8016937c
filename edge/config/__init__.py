"""The configuration of `hemocam log`: one YAML file, checked as a whole, into frozen values."""

from edge.config.cameras import ImagesCamera, SimulatedSlideCamera, V4l2Camera, VideoCamera
from edge.config.errors import ConfigError, Problem
from edge.config.loading import load_config
from edge.config.root import Config
from edge.config.sections import default_store_folder

__all__ = [
    "Config", "ConfigError", "ImagesCamera", "Problem", "SimulatedSlideCamera", "V4l2Camera", "VideoCamera",
    "default_store_folder", "load_config",
]  # fmt: skip
