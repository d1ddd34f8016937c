"""What must not be told: user, password and keys in an address."""

from __future__ import annotations

import re

# FFmpeg takes what stands before @ for user and password; people write passwords with /, ? and @ in them too, so everything up
# to the value's last @ is hidden. Cameras over HTTP take theirs as ?user=…&password=….
_BEFORE_AT = re.compile(r"(?<=://).+(?=@)", re.DOTALL)
_IN_QUERY = re.compile(r"(?<=[?&;])([^=&;]*(?:user|login|pass|pwd|token|key|auth|secret|sig)[^=&;]*=)[^&;#]*", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """One value, with *** for what is secret in it where it is an address."""
    if "://" not in text:
        return text
    return _IN_QUERY.sub(r"\1***", _BEFORE_AT.sub("***", text))


def masked(value: object) -> object:
    """The same lists and mappings, every text in them without its secrets."""
    if isinstance(value, dict):
        return {key: masked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    return without_secrets(value) if isinstance(value, str) else value
