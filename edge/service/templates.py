"""The files that a service is made of, as they ship: the unit, the rule for cameras, the journal's limits, the example."""

from __future__ import annotations

from pathlib import Path

from edge.service.errors import ServiceError

UNIT = "hemocam@.service"
RULES = "70-hemocam.rules"
JOURNAL = "60-hemocam.conf"
EXAMPLE = "hemocam.yaml"
INSTALLED = Path(__file__).parent / "templates"
"""Where a wheel has them (pyproject's force-include)."""
CHECKOUT = Path(__file__).parents[2] / "systemd"


def template(name: str, folders: tuple[Path, ...] = (INSTALLED, CHECKOUT)) -> str:
    """The text of one of them. Raises ServiceError where an installation lacks it."""
    for folder in folders:
        if (folder / name).is_file():
            return (folder / name).read_text("utf-8")
    raise ServiceError(
        f"{name} is missing from this installation (looked in {', '.join(map(str, folders))}); install HemoCam again"
    )
