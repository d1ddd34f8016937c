"""From a YAML file, and what overrides it, to a checked configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from edge.config.document import Document, parse_document
from edge.config.errors import ConfigError, Problem, explain
from edge.config.overrides import override, read_overrides
from edge.config.root import Config
from edge.config.values import FOLDER


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration and what it was read from."""

    config: Config
    document: Document


def load_config(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read and check a configuration. Raises ConfigError with all that is wrong, each with its line or variable."""
    return load(path, environment).config


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Loaded:
    """As load_config, with where each value comes from."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(path, (Problem(what=f"cannot be read: {error.strerror}; check the path"),)) from error
    except ValueError as error:
        raise ConfigError(path, (Problem(what=f"cannot be read: {error}"),)) from error
    overrides, unreadable = read_overrides(environment)
    document, unfit = override(parse_document(content), overrides, Config)
    outside = (*unreadable, *unfit)
    try:
        config = Config.model_validate(document.value, context={FOLDER: path.absolute().parent})
    except ValidationError as error:
        raise ConfigError(path, (*explain(document, error, Config), *outside)) from None
    if document.faults or outside:
        raise ConfigError(path, (*explain(document, None, Config), *outside))
    return Loaded(config, document)
