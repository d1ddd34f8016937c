"""Who may use the cameras: the person who asks, and the service."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from edge.doctor.finding import Finding, Level
from edge.doctor.nodes import Access, Owner, may_use, owner_of

NAME = "permissions"
SERVICE_GROUPS = ("video",)


def check_permissions(
    nodes: Sequence[Path], access: Access = may_use, owner: Callable[[Path], Owner] = owner_of
) -> Iterator[Finding]:
    """`nodes` are the cameras' device nodes or links to them; one that is not there is the camera's matter."""
    for node in nodes:
        try:
            whose = owner(node)
        except OSError:
            continue  # told by the camera's check, with what to do
        if not access(node):
            of_root = whose.group == "root"
            cure = f"sudo usermod -aG {'video' if of_root else whose.group} {_user()}, then log in again"
            cure += "; and sudo hemocam install-service, which gives cameras to the group video" if of_root else ""
            yield Finding(NAME, Level.ERROR, f"you may not use {node} ({whose})", cure)
        elif not whose.may_serve(SERVICE_GROUPS):
            yield Finding(
                NAME, Level.WARNING, f"you may use {node}, but the service may not ({whose})",
                "sudo hemocam install-service, which gives cameras to the group video; then plug the camera in again",
            )  # fmt: skip
        else:
            yield Finding(NAME, Level.OK, f"{node} ({whose})")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in a container; OSError from Python 3.13 on
        return "$USER"
