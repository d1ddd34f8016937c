"""The commands under a watch of their system calls: no connection, and no file but where HemoCam keeps its own."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from edge.cameras.simulated_slide import SimulatedSlide

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
WATCH = ("strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg,open,openat,creat,mkdir,mkdirat")
HARMLESS = ("/dev/", "/proc/")


def home(tmp_path: Path) -> dict[str, str]:
    folders = {"HOME": "home", "TMPDIR": "tmp", "XDG_CACHE_HOME": "home/.cache", "XDG_DATA_HOME": "home/.local/share"}
    for folder in folders.values():
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    return {**kept, **{name: str(tmp_path / folder) for name, folder in folders.items()}, "PYTHONDONTWRITEBYTECODE": "1"}


def command(trace: Path, *words: str) -> list[str]:
    return [*WATCH, "-o", str(trace), sys.executable, "-c", "from edge.cli import main; main()", *words]


def reached(trace: Path) -> list[str]:
    """Every call that speaks to anything but this machine's own sockets."""
    return [line for line in trace.read_text().splitlines() if re.search(r"AF_INET|sin_port|AF_NETLINK.*DNS", line)]


def written(trace: Path, inside: Path) -> set[str]:
    """Files and folders made or opened for writing outside of `inside`, successfully."""
    found = set()
    for line in trace.read_text().splitlines():
        made = re.search(r"(?:open|openat|creat|mkdir|mkdirat)\((?:AT_FDCWD, )?\"([^\"]+)\"(.*)= (-?\d+)", line)
        if (
            made is None
            or int(made[3]) < 0
            or not ("mkdir" in line or "O_WRONLY" in line or "O_RDWR" in line or "creat" in line)
        ):
            continue
        if not made[1].startswith((str(inside), *HARMLESS)):
            found.add(made[1])
    return found


@needs_strace
def test_counting_a_picture_speaks_to_nobody(tmp_path: Path) -> None:
    with SimulatedSlide() as camera:
        cv2.imwrite(str(tmp_path / "smear.png"), camera.read().pixels[..., ::-1])
    trace = tmp_path / "trace"
    done = subprocess.run(
        command(trace, "count", str(tmp_path / "smear.png"), "--json"),
        env=home(tmp_path), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert '"counts"' in done.stdout, done.stderr
    assert reached(trace) == []
    assert written(trace, tmp_path) == set()
    assert [path.name for path in (tmp_path / "home").rglob("*") if path.is_file()] == []


@needs_strace
def test_a_live_session_speaks_to_nobody(tmp_path: Path) -> None:
    trace, (screen, terminal) = tmp_path / "trace", pty.openpty()
    words = command(trace, "live", "simulated", "--store", str(tmp_path / "record"))
    process = subprocess.Popen(words, env={**home(tmp_path), "TERM": "xterm"}, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown, end = b"", time.monotonic() + 120
    while process.poll() is None and time.monotonic() < end:
        if select.select([screen], [], [], 0.2)[0]:
            try:
                shown += os.read(screen, 65536)
            except OSError:
                break  # the other side of the terminal is closed
        if (tmp_path / "record").exists() and b"field" in shown:
            os.write(screen, b"q")
    process.kill()
    process.wait()
    os.close(screen)
    assert (tmp_path / "record").exists(), shown[-500:]
    assert reached(trace) == []
    assert written(trace, tmp_path) == set()
