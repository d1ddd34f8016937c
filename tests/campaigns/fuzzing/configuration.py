"""The YAML of `hemocam log`, and the environment that overrides it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

from edge.config import ConfigError
from edge.config.example import example
from edge.config.keys import all_keys
from edge.config.loading import load
from edge.config.origins import shown
from edge.config.overrides import variable_of
from edge.config.root import Config
from tests.campaigns.fuzzing.mutation import splice
from tests.campaigns.fuzzing.text_mutation import WORDS, mutate_text

_ENVIRONMENT = b"\n#env "
"""Before each variable of an input, behind its YAML: to YAML they are comments."""
_CAMERAS = (
    "camera: {kind: v4l2}",
    "camera:\n  kind: images\n  paths:\n    - a\n    - ../b/*.png",
    "camera:\n  kind: video\n  address: rtsp://me:secret@host:554/1?user=a&password=b",
    "camera:\n  kind: simulated_slide\n  seed: 4\n  um_per_px: 0.25",
)
_SHORT = (
    "optics:\n  um_per_px: 0.2\ncounting:\n  method: hough\n  border_rule: two-edge\nstore: {folder: x}",
    "session:\n  specimen: '0012'\n  stop_after_fields: 3\n  interval_s: 2.5\n  resume: false\nlog: {level: debug}",
    "counting:\n  method:\n    rbc: centres\n    wbc: components\ngate:\n  min_focus: 3\nmodel: {threads: 2, deadline_s: 60}",
)


class ConfigurationTarget:
    """See the module."""

    name = "config"
    share = 0.3
    refusals: tuple[type[Exception], ...] = (ConfigError,)

    def seeds(self) -> list[bytes]:
        # The example comes once among short ones: parsing its 160 lines takes ten times as long.
        short = [f"{camera}\n{sections}\n" for camera in _CAMERAS for sections in _SHORT]
        return [text.encode() for text in (example(), *short)]

    def mutated(self, random: Random, seeds: Sequence[bytes]) -> bytes:
        content = mutate_text(random, random.choice(seeds), seeds)
        if random.random() < 0.15:
            names = [variable_of(key.path) for key in all_keys(Config)]
            for _ in range(random.randint(1, 4)):
                name = random.choice(names).encode()
                if random.random() < 0.3:
                    name = splice(random, name, random.choice(names).encode())
                content += _ENVIRONMENT + name + b"=" + random.choice(WORDS).encode("utf-8", errors="replace")
        return content

    def attempt(self, content: bytes, folder: Path) -> None:
        path = folder / "config.yaml"
        path.write_bytes(content)
        environment: dict[str, str] = {}
        for part in content.split(_ENVIRONMENT)[1:]:
            name, _, value = part.decode("utf-8", errors="replace").partition("=")
            environment[name] = value
        loaded = load(path, environment)
        json.dumps(loaded.config.as_settings())
        text = shown(loaded)
        text.encode()
        if "***" not in text:
            # What is shown must mean the same when it is read again.
            path.write_text(text, encoding="utf-8")
            again = load(path, {}).config
            assert again == loaded.config, f"shown as\n{text}\nwhich is read as {again}"
