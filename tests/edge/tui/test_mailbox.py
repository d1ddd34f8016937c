"""The mailbox between the loop's thread and the screen's."""

from __future__ import annotations

from dataclasses import replace
from threading import Thread

from edge.session.events import Notice, Severity, StatusChanged
from edge.tui.mailbox import Mailbox

from . import fake_session as fake


def test_wakes_once_until_found_empty() -> None:
    woken: list[int] = []
    box = Mailbox(lambda: woken.append(1))
    for _ in range(200):
        box.receive(fake.field_seen())
    assert len(woken) == 1
    assert box.take() is not None
    box.receive(fake.field_seen())
    assert len(woken) == 1
    assert box.take() is not None
    assert box.take() is None
    box.receive(Notice(Severity.INFO, "again"))
    assert len(woken) == 2


def test_keeps_the_newest_of_each() -> None:
    box = Mailbox(lambda: None, notices=3)
    first, second = fake.field_seen(seed=0), fake.field_seen(seed=1)
    later = replace(fake.STREAMING, auto=False)
    box.receive(first)
    box.receive(second)
    box.receive(StatusChanged(later))
    for number in range(10):
        box.receive(Notice(Severity.INFO, str(number)))
    mail = box.take()
    assert mail is not None
    assert mail.field is second
    assert mail.status is later
    assert [notice.text for notice in mail.notices] == ["7", "8", "9"]


def test_no_wake_is_lost_between_threads() -> None:
    """Every event is either taken after its wake, or a wake is still to come."""
    woken: list[int] = []
    box = Mailbox(lambda: woken.append(1))
    field = fake.field_seen()
    threads = [Thread(target=lambda: [box.receive(field) for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    taken = 0
    while any(thread.is_alive() for thread in threads):
        taken += box.take() is not None
    taken += box.take() is not None
    assert box.take() is None
    assert 1 <= len(woken) <= taken
