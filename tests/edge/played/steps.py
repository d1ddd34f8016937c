"""The steps that a script is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.session.events import DiskLevel
from edge.session.wishes import Request, Wish
from tests.edge.played.counting import Shot

if TYPE_CHECKING:
    from tests.edge.loop.loop_world import Step, World


def give(shot: Shot | None) -> Step:
    """The camera gives this frame; None is one that cannot be read."""

    def step(world: World) -> None:
        world.camera.give(shot)

    step.__name__ = f"give {shot}"
    return step


def spot(*spots: int) -> list[Step]:
    """Frames of these spots, each with all that follows of it: inferred, counted, recorded."""
    return [step for number in spots for step in (give(Shot(number)), infer, record)]


def ask(wish: Wish) -> Step:
    """A face asks for this."""

    def step(world: World) -> None:
        world.ask(wish)

    step.__name__ = f"ask {wish}"
    return step


def disk(level: DiskLevel) -> Step:
    def step(world: World) -> None:
        world.record.disk(level)

    step.__name__ = f"disk {level.value}"
    return step


def opened(world: World) -> None:
    world.record.open()


def engine(world: World) -> None:
    world.engine.come()


def infer(world: World) -> None:
    world.engine.finish()


def miss(world: World) -> None:
    world.engine.miss()


def repair(world: World) -> None:
    world.engine.miss(repair=True)


def gone(world: World) -> None:
    world.engine.go()


def record(world: World) -> None:
    world.record.work()


def waits(world: World) -> None:
    world.record.wait()


def loses(world: World) -> None:
    world.record.lose()


def fails(world: World) -> None:
    world.record.fail()


def lost(world: World) -> None:
    world.camera.lose()


def unplugged(world: World) -> None:
    """For good."""
    world.camera.lose(final=True)


def ends(world: World) -> None:
    world.camera.end()


def passed_over(world: World) -> None:
    world.camera.pass_over(3)


def nothing(world: World) -> None:
    """A turn without news."""


def second(world: World) -> None:
    world.now_s += 1.1


def clock(world: World) -> None:
    world.wall.jump_s = 86400.0


READY: list[Step] = [opened, engine]
STOP = ask(Request.STOP)
ACCEPT, UNDO, AUTO, PAUSE = (
    ask(wish) for wish in (Request.ACCEPT_FIELD, Request.UNDO_FIELD, Request.TOGGLE_AUTO, Request.TOGGLE_PAUSE)
)
