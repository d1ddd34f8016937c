"""Built plans on disk, so that a device builds each once."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, ValidationError

from engines.contract import EngineError
from engines.plan_key import SCHEMA, Machine, PlanKey, plan_key, this_machine
from engines.whole_file import TEMPORARY_SUFFIX, write_whole

__all__ = [
    "SCHEMA",
    "Machine",
    "PlanCache",
    "PlanCacheFailed",
    "PlanEntry",
    "PlanKey",
    "plan_key",
    "this_machine",
]

logger = logging.getLogger(__name__)


class PlanCacheFailed(EngineError):
    """The cache's folder cannot be used; the message says why and what to do."""


class _Sidecar(BaseModel):
    """What the JSON beside a plan says."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    key: PlanKey
    sha256: str
    built_at: datetime
    acceptance: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """One plan in the cache. `acceptance` is what its acceptance test left, None before one."""

    key: PlanKey
    path: Path
    size_bytes: int
    built_at: datetime
    used_at: datetime
    acceptance: Mapping[str, Any] | None


def default_folder() -> Path:
    """`plans` in the user's cache folder, e.g. ~/.cache/hemocam/plans."""
    return Path(platformdirs.user_cache_dir("hemocam")) / "plans"


class PlanCache:
    """DIGEST.plan with DIGEST.json beside it. Safe for several threads and processes: they take the folder's lock in turn.

    Every method raises PlanCacheFailed where the folder cannot be read or written.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` is made with the first plan; None takes default_folder()."""
        self.folder = folder or default_folder()

    def get(self, key: PlanKey) -> bytes | None:
        """The plan built for `key`, or None. One that is not what was stored (cut short, changed) is dropped."""
        with self._locked() as there:
            if not there:
                return None
            sidecar = self._sidecar(key.digest)
            plan = self._plan_file(key.digest)
            if sidecar is None or not plan.is_file():
                self._remove(key.digest)
                return None
            content = plan.read_bytes()
            if sidecar.key != key or hashlib.sha256(content).hexdigest() != sidecar.sha256:
                logger.warning("dropped %s: it is not the plan that was stored", plan)
                self._remove(key.digest)
                return None
            os.utime(plan)  # its time of last use, which prune goes by
            return content

    def put(self, key: PlanKey, plan: bytes, acceptance: Mapping[str, Any] | None = None) -> Path:
        """Store a plan in place of any older one of this key; gives its file."""
        with self._locked(make=True):
            path = self._plan_file(key.digest)
            sidecar = _Sidecar(
                key=key,
                sha256=hashlib.sha256(plan).hexdigest(),
                built_at=datetime.now(timezone.utc),
                acceptance=None if acceptance is None else dict(acceptance),
            )
            # The plan first: killed in between, the old sidecar does not fit the new plan, and get drops both.
            write_whole(path, plan)
            self._write(sidecar)
            return path

    def record_acceptance(self, key: PlanKey, plan: bytes, acceptance: Mapping[str, Any]) -> bool:
        """Store what the acceptance test of this plan gave (JSON values). False where the cache holds another one by now."""
        with self._locked() as there:
            sidecar = self._sidecar(key.digest) if there else None
            if sidecar is None or sidecar.key != key or sidecar.sha256 != hashlib.sha256(plan).hexdigest():
                return False
            self._write(sidecar.model_copy(update={"acceptance": dict(acceptance)}))
            return True

    def entry(self, key: PlanKey) -> PlanEntry | None:
        """What the cache knows of this key's plan, without reading the plan."""
        with self._locked() as there:
            entry = self._entry(key.digest) if there else None
            return entry if entry is not None and entry.key == key else None

    def entries(self) -> list[PlanEntry]:
        """Every plan with a readable sidecar, the last used first."""
        with self._locked() as there:
            return self._entries() if there else []

    def drop(self, key: PlanKey) -> bool:
        """Take this key's plan out; whether there was one."""
        with self._locked() as there:
            had = there and self._plan_file(key.digest).is_file()
            if there:
                self._remove(key.digest)
            return had

    def prune(
        self, most_bytes: int | None = None, machine: Machine | None = None, unused_for: timedelta | None = None
    ) -> list[PlanEntry]:
        """Take out plans of any other machine than `machine`, plans unused for so long, then the longest unused ones until all
        together are at most `most_bytes`; also files that belong to no plan. Gives the plans taken out."""
        with self._locked() as there:
            if not there:
                return []
            kept = self._entries()
            taken: list[PlanEntry] = []
            now = datetime.now(timezone.utc)

            def take(out: Callable[[PlanEntry], bool]) -> None:
                nonlocal kept
                taken.extend(entry for entry in kept if out(entry))
                kept = [entry for entry in kept if not out(entry)]

            if machine is not None:
                take(lambda entry: entry.key.machine != machine)
            if unused_for is not None:
                take(lambda entry: now - entry.used_at > unused_for)
            while most_bytes is not None and kept and sum(entry.size_bytes for entry in kept) > most_bytes:
                taken.append(kept.pop())
            for entry in taken:
                self._remove(entry.key.digest)
            self._sweep({entry.key.digest for entry in kept})
            return taken

    def _plan_file(self, digest: str) -> Path:
        return self.folder / f"{digest}.plan"

    def _sidecar_file(self, digest: str) -> Path:
        return self.folder / f"{digest}.json"

    def _sidecar(self, digest: str) -> _Sidecar | None:
        try:
            return _Sidecar.model_validate_json(self._sidecar_file(digest).read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            logger.warning("%s is no sidecar of a plan: %s", self._sidecar_file(digest), error)
            return None

    def _write(self, sidecar: _Sidecar) -> None:
        write_whole(self._sidecar_file(sidecar.key.digest), sidecar.model_dump_json(indent=1).encode())

    def _entry(self, digest: str) -> PlanEntry | None:
        sidecar, path = self._sidecar(digest), self._plan_file(digest)
        if sidecar is None or sidecar.key.digest != digest or not path.is_file():
            return None
        stat = path.stat()
        used = datetime.fromtimestamp(stat.st_mtime, timezone.utc)
        return PlanEntry(sidecar.key, path, stat.st_size, sidecar.built_at, used, sidecar.acceptance)

    def _entries(self) -> list[PlanEntry]:
        found = [self._entry(path.stem) for path in self.folder.glob("*.json")]
        return sorted((entry for entry in found if entry is not None), key=lambda entry: entry.used_at, reverse=True)

    def _remove(self, digest: str) -> None:
        self._plan_file(digest).unlink(missing_ok=True)
        self._sidecar_file(digest).unlink(missing_ok=True)

    def _sweep(self, digests: set[str]) -> None:
        """Files of writers that were killed, plans without a sidecar and the reverse. Nobody writes: we hold the lock."""
        for path in self.folder.iterdir():
            orphan = path.suffix in (".plan", ".json") and path.stem not in digests
            if orphan or path.suffix == TEMPORARY_SUFFIX:
                path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, make: bool = False) -> Iterator[bool]:
        """Hold the folder's lock; gives False, and no lock, where there is no folder and none is to be made."""
        try:
            if make:
                self.folder.mkdir(parents=True, exist_ok=True)
            if not self.folder.is_dir():
                yield False
                return
            with (self.folder / ".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # given back when the file closes, also by a kill
                yield True
        except OSError as error:
            raise PlanCacheFailed(
                f"the folder of built plans {self.folder} cannot be used ({error.strerror or error}); free space there, "
                "or name another folder"
            ) from error
