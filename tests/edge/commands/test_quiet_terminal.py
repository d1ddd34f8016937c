from __future__ import annotations

import subprocess
import sys
import textwrap


def said_by(ending: str) -> subprocess.CompletedProcess[str]:
    code = f"""
        import os, sys
        from edge.commands.quiet_terminal import quiet_terminal
        with quiet_terminal():
            os.write(2, b"a driver complains")
            sys.__stderr__.write("the screen")
            {ending}
        os.write(2, b" and after")
    """
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)


def test_what_a_library_writes_does_not_reach_the_screen() -> None:
    assert said_by("pass").stderr == "the screen and after"


def test_after_a_fault_the_libraries_last_words_are_told() -> None:
    assert "a driver complains" in said_by("raise RuntimeError('gone')").stderr
