"""Where a service's files go, and whether the service may use what they name."""

from __future__ import annotations

import grp
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from edge.service.errors import ServiceError

HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))
"""ProtectHome= and PrivateTmp= keep these from the service."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True, slots=True)
class Places:
    """Below `prefix`, which is / but for packages and tests."""

    prefix: Path
    instance: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.instance):
            raise ServiceError(
                f"an instance cannot be called {self.instance!r}: letters, digits, '.', '_' and '-', 63 at most, "
                "and the first a letter or digit"
            )

    @property
    def unit(self) -> Path:
        return self.prefix / "etc/systemd/system/hemocam@.service"

    @property
    def rules(self) -> Path:
        return self.prefix / "etc/udev/rules.d/70-hemocam.rules"

    @property
    def journal(self) -> Path:
        return self.prefix / "etc/systemd/journald.conf.d/60-hemocam.conf"

    @property
    def config(self) -> Path:
        return self.prefix / "etc/hemocam" / f"{self.instance}.yaml"

    @property
    def record(self) -> Path:
        """The record's folder as the service sees it; never below a prefix."""
        return Path("/var/lib/hemocam", self.instance)


def own_program() -> Path:
    """This interpreter's `hemocam`. Raises ServiceError where it has none beside it."""
    program = Path(sys.executable).parent / "hemocam"
    if not program.is_file():
        raise ServiceError(
            f"there is no {program}; run install-service with the hemocam of the environment that the service is to use"
        )
    return program


def unreachable(path: Path) -> str | None:
    """Why a service of its own user (DynamicUser=) cannot read `path`; None where it can. Symbolic links are followed."""
    try:
        real = path.resolve(strict=True)
        for hidden in HIDDEN:
            for each in (path.absolute(), real):
                if each.is_relative_to(hidden):
                    return f"{each} lies in {hidden}, which is closed to the service"
        for folder in reversed(real.parents):
            if not folder.stat().st_mode & stat.S_IXOTH:
                return f"{folder} may be entered by its owner alone (mode {stat.S_IMODE(folder.stat().st_mode):04o})"
        if not real.stat().st_mode & stat.S_IROTH:
            return f"{real} may be read by its owner alone (mode {stat.S_IMODE(real.stat().st_mode):04o})"
    except OSError as error:
        return f"{path} cannot be looked at: {error.strerror}"
    return None


def existing_groups(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those that this machine has: a unit that names another does not start (216/GROUP)."""
    known = {each.gr_name for each in grp.getgrall()}
    return tuple(name for name in names if name in known)
