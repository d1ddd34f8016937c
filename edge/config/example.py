"""A configuration with every key at its default, each with what the schema says of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from inspect import getdoc
from typing import get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from edge.config.allowed import allowed_words, is_free_text
from edge.config.cameras import V4l2Camera
from edge.config.document import scalar
from edge.config.keys import kinds_of, sections_of
from edge.config.root import Config

COLUMNS = 120
HEAD = (
    "HemoCam's configuration for unattended logging, as `hemocam config example` prints it: copy it to /etc/hemocam/NAME.yaml "
    "for the service hemocam@NAME and change what differs. Only `camera` must be given; every other line shows what holds "
    "without it. Relative paths count from this file's folder.",
    "Check it: hemocam config check --config FILE. See what holds: hemocam config show --config FILE. Try it by hand: "
    "hemocam log --config FILE.",
    "The environment may set any key in place of this file: HEMOCAM__STORE__FOLDER is store.folder. That is the place for "
    "secrets, as is a systemd credential, named hemocam.camera.address.",
)


def example() -> str:
    """The YAML. It is a configuration as it stands, and so is each kind of camera in it once its comment marks are gone."""
    lines = [line for paragraph in HEAD for line in _comment(paragraph, "")]
    for name, field in Config.model_fields.items():
        sections = sections_of(field.annotation)
        lines += ["", *_comment(field.description or _doc(sections[0]), ""), f"{name}:"]
        shown = V4l2Camera if name == "camera" else sections[0]
        lines += _keys(shown, "  ")
        for other in sections:
            if other is not shown:
                block = [f"{name}:", *_keys(other, "  ")]
                lines += ["", *_comment("Or, in place of the above:", ""), *(f"# {line}" for line in block)]
    return "\n".join(lines) + "\n"


def _keys(section: type[BaseModel], indent: str) -> Iterator[str]:
    for name, field in section.model_fields.items():
        if name == "kind":
            yield from _comment(_doc(section), indent)
            yield f"{indent}kind: {kinds_of(section)[0]}"
            continue
        yield from _comment(_said(field), indent)
        below = sections_of(field.annotation)
        if below:
            yield f"{indent}{name}:"
            yield from _keys(below[0], indent + "  ")
        elif field.default_factory is not None:
            yield f"{indent}# {name}: {scalar(field.examples[0] if field.examples else None)}"
        else:
            yield f"{indent}{name}: {scalar(_value(field))}"


def _value(field: FieldInfo) -> object:
    if field.default is PydanticUndefined:
        return field.examples[0] if field.examples else None
    return getattr(field.default, "value", field.default)


def _said(field: FieldInfo) -> str:
    description = field.description or ""
    told = (
        sections_of(field.annotation)
        or is_free_text(field)
        or field.annotation is bool
        or get_origin(field.annotation) is tuple
    )
    return description if told else f"{description} [{allowed_words(field)}]"


def _comment(text: str, indent: str) -> list[str]:
    mark = f"{indent}# "
    return textwrap.wrap(
        text, COLUMNS, initial_indent=mark, subsequent_indent=mark, break_on_hyphens=False, break_long_words=False
    )


def _doc(section: type[BaseModel]) -> str:
    return getdoc(section) or ""
