"""All checks, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from edge.cameras.camera import Camera
from edge.cameras.finding import found
from edge.config import Config
from edge.config.sections import StoreSection
from edge.doctor.camera import camera_nodes, check_camera
from edge.doctor.classifier import check_classifier
from edge.doctor.clock import check_clock
from edge.doctor.config import check_config, record_folder
from edge.doctor.disk import check_disk
from edge.doctor.finding import Finding
from edge.doctor.gpu import check_gpu
from edge.doctor.model import check_model
from edge.doctor.permissions import check_permissions
from edge.doctor.service import check_limits, check_service
from edge.doctor.store import check_store
from edge.doctor.telemetry import check_telemetry
from engines.model_names import DEFAULT_MODEL, DEFAULT_TYPES
from engines.opening import Runtime


def examine(path: Path | None, open_camera: Callable[[Config], Camera]) -> Iterator[Finding]:
    """Look at this machine as the configuration at `path` would use it (None: as it is without one), the quick checks first.
    `open_camera` makes the configured camera."""
    loaded, findings = check_config(path)
    yield from findings
    config = loaded.config if loaded is not None else None
    cameras = found()
    yield from check_permissions(camera_nodes(config, cameras))
    if path is None or config is not None:  # of a configuration that is wrong nobody knows which camera it means
        yield from check_camera(config, cameras, open_camera)
    runtime = config.model.runtime if config is not None else Runtime.CPU
    yield from check_gpu(runtime)
    name, threads = (config.model.name, config.model.threads) if config is not None else (DEFAULT_MODEL, None)
    yield from check_model(name, runtime, threads)
    yield from check_classifier(config.counting.classifier if config is not None else DEFAULT_TYPES)
    folder = record_folder(path, loaded)
    store = config.store if config is not None else StoreSection()
    yield from check_disk(folder, store.soft_free_mb, store.hard_free_mb)
    yield from check_store(folder)
    yield from check_clock()
    yield from check_telemetry()
    yield from check_service()
    yield from check_limits()
