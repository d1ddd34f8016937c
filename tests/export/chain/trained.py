"""Networks of the zoo that have learnt something simple in seconds: what is darker than the glass is a cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import yaml
from torch.nn.functional import binary_cross_entropy_with_logits

from export.frames import rendered
from export.zoo import architecture

CHANNELS = ("rbc", "rbc_outline")
DIAMETER_PX = 20.0


def pictures(count: int = 2) -> torch.Tensor:
    """Rendered fields at half their size, (count, 3, 240, 320) in 0..1."""
    halved = [rendered(index)[0][::2, ::2] for index in range(count)]
    return torch.from_numpy(np.stack(halved)).permute(0, 3, 1, 2).float() / 255.0


def run_folder(folder: Path, name: str, width: int, steps: int) -> Path:
    """A training run's folder: weights, and the recipe that they are by."""
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several workers that spin for each other's threads take minutes
    network = architecture(name).build(len(CHANNELS), width=width).train()
    learning = torch.optim.AdamW(network.parameters(), lr=0.01)
    fields, rng = pictures(), np.random.default_rng(0)
    for _ in range(steps):
        top, left = rng.integers(0, 240 - 64), rng.integers(0, 320 - 64)
        crop = fields[:, :, top : top + 64, left : left + 64]
        dark = (crop[:, 1:2] < 0.6).float()
        loss = binary_cross_entropy_with_logits(network(crop), torch.cat([dark, torch.zeros_like(dark)], 1))
        learning.zero_grad()
        loss.backward()
        learning.step()
    torch.set_num_threads(threads)
    folder.mkdir(parents=True)
    torch.save(network.state_dict(), folder / "weights.pt")
    recipe = {
        "name": f"tiny-{name}", "task": "segmentation", "seed": 3, "architecture": name, "width": width,
        "channels": list(CHANNELS), "corpus": "allidb1", "splits": {"by": "corpus"}, "cell_diameter_px": DIAMETER_PX,
        "crop_px": 64, "batch": 4, "phases": [{"epochs": 1}], "learning_rate": 0.01, "licence": "MIT", "data": ["simulated"],
    }  # fmt: skip
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return folder
