"""The installed service, and the limits of this process."""

from __future__ import annotations

import re
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.doctor.finding import Finding, Level
from edge.service.installation import is_untouched
from edge.service.places import unreachable
from edge.service.templates import UNIT

NAME = "service"
UNITS = Path("/etc/systemd/system")
LEAST_FILES = 256
"""Open files: a session has some 40, and OpenCV and CUDA as many again."""
LEAST_MEMORY_MB = 2000
EXEC_START = re.compile(r"^ExecStart=(\S+)", re.MULTILINE)
INSTALL = "sudo hemocam install-service --force"
OLD_UNIT = "hemocam.service"
"""HemoCam before 0.2; its record lay in /var/lib/hemocam itself."""


def check_service(units: Path = UNITS, reachable: Callable[[Path], str | None] = unreachable) -> Iterator[Finding]:
    """Whether the installed unit runs a program that is there and that its user can reach."""
    unit = units / UNIT
    if (units / OLD_UNIT).exists():
        yield Finding(
            NAME, Level.ERROR, f"{units / OLD_UNIT} is still there: its /var/lib/hemocam is where hemocam@NAME wants a folder",
            f"systemctl disable --now hemocam; rm {units / OLD_UNIT} /var/lib/hemocam; "
            "mv /var/lib/private/hemocam /var/lib/hemocam-before (the old record, as it was)",
        )  # fmt: skip
    try:
        text = unit.read_text("utf-8")
    except FileNotFoundError:
        yield Finding(NAME, Level.OK, "not installed; sudo hemocam install-service does")
        return
    except (OSError, UnicodeDecodeError) as error:
        yield Finding(NAME, Level.ERROR, f"{unit} cannot be read: {error}", INSTALL)
        return
    program = EXEC_START.search(text)
    if program is None:
        yield Finding(NAME, Level.ERROR, f"{unit} has no ExecStart=", INSTALL)
        return
    why = reachable(Path(program[1].strip('"')))
    if why is not None:
        yield Finding(
            NAME, Level.ERROR, f"{unit} cannot start: {why}", "install HemoCam in /opt/hemocam, and there: " + INSTALL
        )
    elif "Type=notify" not in text or "WatchdogSec=" not in text:
        yield Finding(NAME, Level.WARNING, f"{unit} has no watchdog: a hung program would not be restarted", INSTALL)
    else:
        changed = "" if is_untouched(text) else "; somebody changed it, and an update will ask before it is replaced"
        yield Finding(NAME, Level.OK, f"{unit} runs {program[1]}{changed}")


def check_limits(limit: Callable[[int], tuple[int, int]] = resource.getrlimit) -> Iterator[Finding]:
    """Limits that this process has from its shell or unit."""
    wanted = (
        (resource.RLIMIT_NOFILE, LEAST_FILES, "open files", "ulimit -n 1024, or LimitNOFILE= in a drop-in"),
        (
            resource.RLIMIT_AS,
            LEAST_MEMORY_MB * 1_000_000,
            "bytes of address space",
            "ulimit -v unlimited, or LimitAS= in a drop-in",
        ),
    )
    low = [(what, now, cure) for which, least, what, cure in wanted if 0 <= (now := limit(which)[0]) < least]
    yield from (Finding("limits", Level.WARNING, f"only {now} {what} are allowed", cure) for what, now, cure in low)
    size = limit(resource.RLIMIT_FSIZE)[0]
    if size != resource.RLIM_INFINITY:
        text = f"a file may not grow beyond {size} bytes, and the record does"
        yield Finding("limits", Level.WARNING, text, "ulimit -f unlimited, or LimitFSIZE=infinity in a drop-in")
    elif not low:
        yield Finding("limits", Level.OK, f"{limit(resource.RLIMIT_NOFILE)[0]} open files")
