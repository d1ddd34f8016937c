"""The configuration: whether it is right, and where its record lies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from edge.config import ConfigError, default_store_folder
from edge.config.loading import Loaded, load
from edge.doctor.finding import Finding, Level

NAME = "config"
SERVICES = Path("/etc/hemocam")
RECORDS = Path("/var/lib/hemocam")


def check_config(path: Path | None, environment: Mapping[str, str] = os.environ) -> tuple[Loaded | None, list[Finding]]:
    """The configuration where it is right, and an error for each thing wrong with it."""
    if path is None:
        text = "none was named: what is looked at is what holds without one (name one with --config)"
        return None, [Finding(NAME, Level.OK, text)]
    try:
        loaded = load(path, environment)
    except ConfigError as error:
        cure = f"mend it, then: hemocam config check --config {path}"
        return None, [Finding(NAME, Level.ERROR, f"{path}: {problem}", cure) for problem in error.problems]
    return loaded, [Finding(NAME, Level.OK, f"{path}: camera {loaded.config.camera.kind}, model {loaded.config.model.name}")]


def record_folder(path: Path | None, loaded: Loaded | None) -> Path:
    """Where the record lies: a configuration in /etc/hemocam is a service's, whose record lies in /var/lib/hemocam/NAME."""
    if loaded is None:
        return default_store_folder()
    told = ("store", "folder") in loaded.document.texts or loaded.document.source(("store", "folder")) is not None
    if not told and path is not None and path.absolute().parent == SERVICES:
        return RECORDS / path.stem
    return loaded.config.store.folder
