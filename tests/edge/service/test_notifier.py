from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest

from edge.service import notifier as notifier_module
from edge.service.notifier import READY, WATCHDOG, Notifier, extend_timeout, status_line
from tests.edge.service.manager import Manager


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_a_message_is_one_datagram_of_lines(tmp_path: Path, abstract: bool) -> None:
    with Manager(None if abstract else tmp_path) as manager:
        told = Notifier.from_environment({"NOTIFY_SOCKET": manager.address}).tell(READY, "STATUS=streaming")
        assert told
        assert manager.hear() == ["READY=1", "STATUS=streaming"]
        Notifier(manager.address).tell(WATCHDOG)
        Notifier(manager.address).tell(WATCHDOG)
        assert manager.hear() == ["WATCHDOG=1", "WATCHDOG=1"]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_without_a_socket_nothing_is_told(environment: dict[str, str]) -> None:
    silent = Notifier.from_environment(environment)
    assert not silent.listened_to
    assert not silent.tell(READY)


def test_another_kind_of_socket_is_named(caplog: pytest.LogCaptureFixture) -> None:
    Notifier.from_environment({"NOTIFY_SOCKET": "vsock:2:1234"})
    assert "vsock:2:1234" in caplog.text


def test_a_socket_that_is_gone_is_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    notifier = Notifier(str(tmp_path / "gone"))
    assert notifier.listened_to
    assert [notifier.tell(READY), notifier.tell(WATCHDOG)] == [False, False]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert str(tmp_path / "gone") in caplog.text


def test_a_manager_that_comes_back_is_told_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    manager = Manager(tmp_path)
    notifier = Notifier(manager.address)
    assert not notifier.tell(WATCHDOG)
    with manager:
        assert notifier.tell(WATCHDOG)
        assert manager.hear() == ["WATCHDOG=1"]
    assert not notifier.tell(WATCHDOG)
    assert len(caplog.records) == 2  # a new row of failures is told anew


def test_a_full_socket_does_not_hold_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifier_module, "SEND_TIMEOUT_S", 0.01)
    with Manager(tmp_path) as manager:
        notifier = Notifier(manager.address)
        # A datagram socket holds net.unix.max_dgram_qlen messages, 10 to 512 by distribution.
        assert not all(notifier.tell(WATCHDOG) for _ in range(2000))


def test_a_path_too_long_for_a_socket_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert not Notifier("/" + "x" * 200).tell(READY)
    assert "may restart this program" in caplog.text


def test_a_status_is_one_line() -> None:
    assert status_line("lost:\nno frame\n\tin 5 s") == "STATUS=lost: no frame in 5 s"
    long = status_line("ä" * 500)
    assert len(long) == len("STATUS=") + 200
    assert long.endswith("…")


def test_time_is_asked_for_in_microseconds() -> None:
    assert extend_timeout(30.0) == "EXTEND_TIMEOUT_USEC=30000000"


def test_no_socket_is_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[socket.socket] = []

    class Kept(socket.socket):
        def __init__(self, *arguments: int) -> None:
            super().__init__(*arguments)
            opened.append(self)

    with Manager(tmp_path) as manager:
        monkeypatch.setattr(notifier_module.socket, "socket", Kept)
        Notifier(manager.address).tell(READY)
        monkeypatch.undo()
    assert [each.fileno() for each in opened] == [-1]
