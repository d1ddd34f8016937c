"""Writing a service's files to their places, without treading on what a person changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import version
from pathlib import Path

from edge.service.errors import ServiceError
from edge.service.places import Places
from edge.service.templates import JOURNAL, RULES, UNIT, template
from engines.whole_file import write_whole

SEAL = re.compile(r"\n# Written by hemocam \S+ install-service; sha256 of the lines above: ([0-9a-f]{64})\n\Z")
SHIPPED_PROGRAM = "/opt/hemocam/bin/hemocam"
SHIPPED_GROUPS = "SupplementaryGroups=video\n"
PLAIN = re.compile(r"/[A-Za-z0-9/._+@:-]+")
"""Paths that a unit takes as they are: no blanks, quotes, % or $."""


class Outcome(str, Enum):
    WRITTEN = "written"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """`ours`: sealed with its hash, so that a later version may replace it while nobody changed it. Else it is a person's."""

    path: Path
    text: str
    ours: bool = True


def service_files(places: Places, program: Path, groups: Sequence[str]) -> list[ServiceFile]:
    """The unit that runs `program`, the cameras' rule and the journal's limits. Raises ServiceError where `program` has a
    name that a unit cannot hold. `groups`: what the service is in besides its own, of those that the machine has."""
    if not PLAIN.fullmatch(str(program)):
        raise ServiceError(
            f"{program} cannot stand in a unit (blanks, quotes, % or $); install HemoCam in a folder such as /opt/hemocam"
        )
    line = f"SupplementaryGroups={' '.join(groups)}\n" if groups else ""
    unit = template(UNIT).replace(SHIPPED_PROGRAM, str(program)).replace(SHIPPED_GROUPS, line)
    return [
        ServiceFile(places.unit, sealed(unit)),
        ServiceFile(places.rules, sealed(template(RULES))),
        ServiceFile(places.journal, sealed(template(JOURNAL))),
    ]


def sealed(text: str) -> str:
    """`text` with a last line that says who wrote it, and its hash."""
    return f"{text}\n# Written by hemocam {version('hemocam')} install-service; sha256 of the lines above: {_hash(text)}\n"


def is_untouched(text: str) -> bool:
    """Whether `text` is as some version of install-service wrote it."""
    seal = SEAL.search(text)
    return seal is not None and seal[1] == _hash(text[: seal.start()])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def install(files: Sequence[ServiceFile], force: bool) -> list[tuple[Path, Outcome]]:
    """Write them; what a person changed is left alone, and nothing is written at all, unless `force`, which keeps the old
    file beside the new one as NAME.before. Raises ServiceError."""
    there = {file.path: _content(file.path) for file in files}
    changed = [file.path for file in files if not _may_replace(file, there[file.path])]
    if changed and not force:
        names = ", ".join(map(str, changed))
        raise ServiceError(
            f"nothing was written: {names} {'is' if len(changed) == 1 else 'are'} not as hemocam would write it. "
            "Put your changes into a drop-in (systemctl edit), or replace the file with --force, which keeps it as .before"
        )
    outcomes = []
    for file in files:
        old = there[file.path]
        if old == file.text.encode():
            outcomes.append((file.path, Outcome.UNCHANGED))
            continue
        try:
            # Whatever the umask of root's shell is: a folder or unit that only root may read stops udev's and our own readers.
            for folder in reversed([each for each in file.path.parents if not each.exists()]):
                folder.mkdir()
                folder.chmod(0o755)
            if file.path in changed and old is not None:
                write_whole(file.path.with_name(f"{file.path.name}.before"), old)
            write_whole(file.path, file.text.encode())
            file.path.chmod(0o644)
        except OSError as error:
            raise ServiceError(f"{file.path} cannot be written: {error.strerror}{_cure(error)}") from error
        outcomes.append((file.path, Outcome.WRITTEN if old is None else Outcome.REPLACED))
    return outcomes


def next_steps(places: Places, outcomes: Sequence[tuple[Path, Outcome]]) -> list[str]:
    """What a person types next; what was not changed needs no reloading."""
    news = {path for path, outcome in outcomes if outcome in (Outcome.WRITTEN, Outcome.REPLACED)}
    service, config = f"hemocam@{places.instance}", Path("/") / places.config.relative_to(places.prefix)
    steps = [f"edit {config}, where camera differs"] if places.config in news else []
    steps += ["systemctl daemon-reload"] if places.unit in news else []
    steps += ["udevadm control --reload && udevadm trigger -s video4linux -s usb"] if places.rules in news else []
    steps += ["systemctl restart systemd-journald"] if places.journal in news else []
    return [
        *steps, f"hemocam doctor --config {config}", f"systemctl enable --now {service}", f"journalctl -fu {service}"
    ]  # fmt: skip


def _may_replace(file: ServiceFile, old: bytes | None) -> bool:
    return old is None or old == file.text.encode() or (file.ours and is_untouched(old.decode(errors="replace")))


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ServiceError(f"{path} is there and cannot be read: {error.strerror}{_cure(error)}") from error


def _cure(error: OSError) -> str:
    return "; run it as root: sudo hemocam install-service …" if isinstance(error, PermissionError) else ""
