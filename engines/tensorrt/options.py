"""What a plan is asked to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Literal

from engines.tensorrt.binding import TensorRT
from engines.tensorrt.errors import OptionMissing
from engines.tensorrt.profiles import Profile

GIB = 1 << 30
PlanPrecision = Literal["fp16", "fp32", "int8"]


class Typing(str, Enum):
    """Who decides a layer's type: the graph (STRONG: an FP16 graph gives an FP16 engine) or the builder (WEAK: an FP32 graph
    and a precision flag)."""

    STRONG = "strong"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to build. `typing` None takes STRONG where it is offered.

    The workspace is generous because a small U-Net found 1 GiB too little (../shared/tensorrt.md). A timing cache is a file for
    one exact version and device, made where it is missing. `dla_core` puts what fits on that core, the rest on the GPU.
    """

    profile: Profile = field(default_factory=Profile)
    precision: PlanPrecision = "fp16"
    typing: Typing | None = None
    workspace_bytes: int = 4 * GIB
    dla_core: int | None = None
    version_compatible: bool = False
    hardware_compatible: bool = False
    optimisation_level: int | None = None
    timing_cache: Path | None = None

    def typing_on(self, trt: TensorRT) -> Typing:
        """The typing that a build on this TensorRT has. Raises OptionMissing where it is not offered."""
        features = trt.features
        if self.typing is Typing.STRONG and not features.strongly_typed:
            raise OptionMissing(f"{trt.name} has no strongly typed networks; leave `strong` out and give the FP32 graph")
        weak = features.weak_int8 if self.precision == "int8" else features.weak_fp16
        if self.typing is Typing.WEAK and not weak:
            raise OptionMissing(f"{trt.name} has strongly typed networks only; leave `weak` out and give the FP16 graph")
        if self.typing is not None:
            return self.typing
        return Typing.STRONG if features.strongly_typed else Typing.WEAK

    def graph_precision(self, trt: TensorRT) -> Literal["fp16", "fp32", "int8-symmetric"]:
        """Which of a model's files this build takes (engines.manifest.Precision). Raises OptionMissing as typing_on."""
        if self.precision == "int8":
            return "int8-symmetric"
        return "fp16" if self.precision == "fp16" and self.typing_on(trt) is Typing.STRONG else "fp32"

    def check(self, trt: TensorRT) -> None:
        """Raises OptionMissing where this TensorRT lacks what is asked for, or the options contradict each other."""
        self.typing_on(trt)
        lacking = [
            name
            for name, asked, offered in (
                ("version compatible plans", self.version_compatible, trt.features.version_compatible),
                ("hardware compatible plans", self.hardware_compatible, trt.features.hardware_compatible),
                ("an optimisation level", self.optimisation_level is not None, trt.features.optimisation_level),
                ("a timing cache", self.timing_cache is not None, trt.features.timing_cache),
                ("DLA", self.dla_core is not None, trt.features.dla),
            )
            if asked and not offered
        ]
        if lacking:
            raise OptionMissing(f"{trt.name} does not offer {', '.join(lacking)}; leave it out, or install another TensorRT")
        if self.workspace_bytes <= 0:
            raise OptionMissing(f"the workspace must be more than 0 bytes, not {self.workspace_bytes}")
        if self.optimisation_level is not None and not 0 <= self.optimisation_level <= 5:
            raise OptionMissing(f"the optimisation level must be 0 to 5, not {self.optimisation_level}")
        if self.dla_core is not None and self.precision == "fp32":
            raise OptionMissing("DLA computes in FP16 and INT8 only; build with one of them, or without DLA")
        if self.dla_core is not None and not self.profile.is_one_size:
            raise OptionMissing(f"DLA runs one size only, the profile is {self.profile}; give min, opt and max the same size")
