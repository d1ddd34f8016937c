"""The kinds of cameras, as a configuration describes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from edge.config.values import AnchoredPath, Name, Positive, Section, WidthPx

TimeoutS = Annotated[
    float,
    Field(ge=0.1, le=600, description="Seconds without a frame after which the camera counts as lost and is opened again."),
]


class ImagesCamera(Section):
    """Stills, each counted once."""

    kind: Literal["images"]
    paths: Annotated[tuple[AnchoredPath, ...], Strict(False), Field(min_length=1)] = Field(
        description="Files, folders (with their subfolders) and globs.", examples=[["/srv/fields", "/srv/more/*.png"]]
    )
    read_timeout_s: TimeoutS = 5.0


class VideoCamera(Section):
    """A video file, or a stream."""

    kind: Literal["video"]
    address: Name = Field(
        description="A file, or the stream's address. A password in it belongs into the environment: "
        "HEMOCAM__CAMERA__ADDRESS=rtsp://name:password@host/stream.",
        examples=["rtsp://microscope.local/stream"],
    )
    read_timeout_s: TimeoutS = 5.0


class V4l2Camera(Section):
    """A USB microscope."""

    kind: Literal["v4l2"]
    device: Name = Field(
        default="/dev/video0",
        description="Its device, or a link that survives replugging: /dev/v4l/by-id/…; `hemocam cameras` lists them.",
    )
    width_px: WidthPx | None = Field(
        default=None, description="Width to ask the camera for, in pixels; a calibration holds for one size. null: its own."
    )
    height_px: WidthPx | None = Field(default=None, description="Height to ask the camera for, in pixels. null: its own.")
    frames_per_s: Positive | None = Field(
        default=None, description="Frames per second to ask the camera for. null: its own rate."
    )
    read_timeout_s: TimeoutS = 5.0

    @model_validator(mode="after")
    def _whole_size(self) -> V4l2Camera:
        if (self.width_px is None) != (self.height_px is None):
            raise PydanticCustomError("size", "has one of width_px and height_px; give both, or neither")
        return self


class SimulatedSlideCamera(Section):
    """A rendered smear; what is recorded from it says SIMULATED."""

    kind: Literal["simulated_slide"]
    seed: Annotated[int, Field(ge=0)] = Field(default=1, description="Which smear: the same number gives the same frames.")
    um_per_px: Positive = Field(default=0.19, description="Micrometres per pixel of the rendered picture.")
    width_px: WidthPx = Field(default=640, description="Width of the picture in pixels.")
    height_px: WidthPx = Field(default=480, description="Height of the picture in pixels.")
    frames_per_s: Positive = Field(default=15.0, description="Frames per second.")
    read_timeout_s: TimeoutS = 5.0


Camera = Annotated[ImagesCamera | VideoCamera | V4l2Camera | SimulatedSlideCamera, Field(discriminator="kind")]
