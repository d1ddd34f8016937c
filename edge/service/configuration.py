"""A configuration on its way to /etc/hemocam: whether it holds for the service as it does for a person."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from edge.config import ConfigError, ImagesCamera
from edge.config.errors import Problem
from edge.config.loading import Loaded, load
from edge.config.secrets import masked
from edge.service.places import HIDDEN, Places, unreachable


def problems_as_service(config: Path, places: Places, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Why the service could not use `config`, each with what to do. Raises ConfigError where it is wrong by itself."""
    return list(_problems(config, load(config, environment), places, environment))


def _problems(config: Path, loaded: Loaded, places: Places, environment: Mapping[str, str]) -> Iterator[str]:
    settings, texts = loaded.config, loaded.document.texts
    for place, text in texts.items():
        if masked(text) != text:
            key = ".".join(map(str, place))
            variable = "HEMOCAM__" + "__".join(map(str, place)).upper()
            yield (
                f"{key} holds a password, and everybody may read a service's configuration: take it out, and write "
                f"{variable}=… into {places.config.with_suffix('.env')} (mode 0600)"
            )
    if not _same_elsewhere(config, loaded, environment):
        where = places.config.parent
        yield f"it has relative paths, which count from its own folder: write them out, before it goes to {where}"
    folder = settings.store.folder
    if ("store", "folder") in texts and not folder.is_relative_to(places.record):
        yield (
            f"store.folder is {folder}, and the service may write nothing but {places.record}: take the key out, "
            f"or add a drop-in with ReadWritePaths={folder}"
        )
    if isinstance(settings.camera, ImagesCamera):
        for path in settings.camera.paths:
            hidden = next((each for each in HIDDEN if path.is_relative_to(each)), None)
            if hidden is not None:
                yield f"camera.paths has {path}, and {hidden} is closed to the service: put the pictures elsewhere"
    if "/" in settings.model.name:
        why = unreachable(Path(settings.model.name))
        if why is not None:
            yield f"model.name: {why}; put the model where the service can read it, such as /opt/hemocam/models"


def _same_elsewhere(config: Path, loaded: Loaded, environment: Mapping[str, str]) -> bool:
    with TemporaryDirectory(prefix="hemocam-") as folder:
        copy = Path(folder, config.name)
        try:
            copy.write_bytes(config.read_bytes())
        except OSError as error:
            raise ConfigError(config, (Problem(what=f"cannot be copied to {copy}: {error.strerror}"),)) from error
        return load(copy, environment).config == loaded.config
