"""Device nodes: who may use them, and who does."""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Access = Callable[[Path], bool]


@dataclass(frozen=True, slots=True)
class Owner:
    """A node's group and mode, as `video 0660`."""

    group: str
    mode: int

    def __str__(self) -> str:
        return f"{self.group} {self.mode:04o}"

    def may_serve(self, groups: tuple[str, ...]) -> bool:
        """Whether a service in `groups`, which is not the owner, may read and write."""
        all_may = stat.S_IROTH | stat.S_IWOTH
        group_may = stat.S_IRGRP | stat.S_IWGRP
        return self.mode & all_may == all_may or (self.group in groups and self.mode & group_may == group_may)


def owner_of(node: Path) -> Owner:
    """Raises OSError where `node` is not there."""
    there = node.stat()
    try:
        group = grp.getgrgid(there.st_gid).gr_name
    except KeyError:  # a group without a name, as in a container
        group = str(there.st_gid)
    return Owner(group, stat.S_IMODE(there.st_mode))


def may_use(node: Path) -> bool:
    """Whether this process may read and write `node`."""
    return os.access(node, os.R_OK | os.W_OK)


def holder_of(node: Path, processes: Path = Path("/proc")) -> str | None:
    """Who has `node` open, as `hemocam (process 71)`; None where nobody has, or only a process that we may not look into."""
    target = node.resolve()
    for process in sorted(processes.glob("[0-9]*"), key=lambda each: int(each.name)):
        if int(process.name) == os.getpid():
            continue
        try:
            if any(each.readlink() == target for each in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
        except OSError:  # it ended while we looked, or belongs to somebody else
            continue
    return None
