"""Configuration, permissions, disk, clock, limits and the service: each check, and what makes it fail."""

from __future__ import annotations

import os
import resource
import stat
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from edge.doctor.clock import check_clock
from edge.doctor.config import check_config, record_folder
from edge.doctor.disk import check_disk
from edge.doctor.finding import Finding, Level
from edge.doctor.nodes import Owner, holder_of, may_use, owner_of
from edge.doctor.permissions import check_permissions
from edge.doctor.service import check_limits, check_service
from edge.service.installation import sealed
from edge.service.templates import UNIT, template

VIDEO = Owner("video", 0o660)


def levels(findings: list[Finding]) -> list[Level]:
    return [finding.level for finding in findings]


def config_at(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ward3.yaml"
    path.write_text(text)
    return path


class TestConfig:
    def test_a_right_one(self, tmp_path: Path) -> None:
        loaded, findings = check_config(config_at(tmp_path, "camera: {kind: v4l2}\n"), {})
        assert loaded is not None
        assert levels(findings) == [Level.OK]

    def test_each_problem_is_an_error_of_its_own(self, tmp_path: Path) -> None:
        loaded, findings = check_config(config_at(tmp_path, "camera: {kind: v4l2}\nmodle: {}\nlog: {level: loud}\n"), {})
        assert loaded is None
        assert levels(findings) == [Level.ERROR] * 2
        assert "modle" in findings[0].text
        assert "line 2" in findings[0].text
        assert "log.level" in findings[1].text
        assert "hemocam config check" in findings[0].cure

    def test_one_that_is_not_there(self, tmp_path: Path) -> None:
        _, findings = check_config(tmp_path / "gone.yaml", {})
        assert levels(findings) == [Level.ERROR]
        assert "No such file" in findings[0].text

    def test_a_wrong_variable(self, tmp_path: Path) -> None:
        path = config_at(tmp_path, "camera: {kind: v4l2}\n")
        _, findings = check_config(path, {"HEMOCAM__STORE__FODLER": "/srv"})
        assert levels(findings) == [Level.ERROR]
        assert "HEMOCAM__STORE__FODLER" in findings[0].text

    def test_none(self) -> None:
        assert levels(check_config(None, {})[1]) == [Level.OK]

    def test_a_services_record_is_its_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = config_at(tmp_path, "camera: {kind: v4l2}\n")
        loaded, _ = check_config(path, {})
        assert loaded is not None
        assert record_folder(path, loaded) == loaded.config.store.folder
        monkeypatch.setattr("edge.doctor.config.SERVICES", tmp_path)
        assert record_folder(path, loaded) == Path("/var/lib/hemocam/ward3")

    def test_a_record_that_is_named_is_that(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("edge.doctor.config.SERVICES", tmp_path)
        path = config_at(tmp_path, "camera: {kind: v4l2}\nstore: {folder: /srv/record}\n")
        assert record_folder(path, check_config(path, {})[0]) == Path("/srv/record")
        path = config_at(tmp_path, "camera: {kind: v4l2}\n")
        assert record_folder(path, check_config(path, {"HEMOCAM__STORE__FOLDER": "/srv/other"})[0]) == Path("/srv/other")


class TestPermissions:
    NODE = Path("/dev/video0")

    def check(self, usable: bool, owner: Owner) -> list[Finding]:
        return list(check_permissions([self.NODE], lambda node: usable, lambda node: owner))

    def test_a_camera_for_you_and_the_service(self) -> None:
        assert levels(self.check(True, VIDEO)) == [Level.OK]

    def test_a_camera_that_you_may_not_use(self) -> None:
        (finding,) = self.check(False, VIDEO)
        assert finding.level is Level.ERROR
        assert "you may not use /dev/video0 (video 0660)" in finding.text
        assert "usermod -aG video" in finding.cure

    def test_a_camera_of_roots_needs_the_rule_too(self) -> None:
        (finding,) = self.check(False, Owner("root", 0o600))
        assert "usermod -aG video" in finding.cure
        assert "install-service" in finding.cure

    @pytest.mark.parametrize(
        "owner", [Owner("root", 0o660), Owner("video", 0o600), Owner("video", 0o640), Owner("plugdev", 0o660)]
    )
    def test_a_camera_that_the_service_may_not_use(self, owner: Owner) -> None:
        (finding,) = self.check(True, owner)
        assert finding.level is Level.WARNING
        assert "the service may not" in finding.text

    def test_a_camera_for_everybody(self) -> None:
        assert levels(self.check(True, Owner("root", 0o666))) == [Level.OK]

    def test_a_node_as_the_system_tells_it(self, tmp_path: Path) -> None:
        node = tmp_path / "video0"
        node.touch()
        node.chmod(0o640)
        assert owner_of(node).mode == 0o640
        assert may_use(node)
        assert not may_use(tmp_path / "video1")
        assert list(check_permissions([tmp_path / "video1"])) == []  # the camera's check tells of it

    @pytest.mark.skipif(os.getuid() == 0, reason="root may use every node")
    def test_a_node_that_is_closed(self, tmp_path: Path) -> None:
        node = tmp_path / "video0"
        node.touch()
        node.chmod(0)
        assert levels(list(check_permissions([node]))) == [Level.ERROR]

    def test_who_holds_a_node(self, tmp_path: Path) -> None:
        node = tmp_path / "video0"
        node.touch()
        process = tmp_path / "proc/4242"
        (process / "fd").mkdir(parents=True)
        (process / "comm").write_text("hemocam\n")
        assert holder_of(node, tmp_path / "proc") is None
        (process / "fd/7").symlink_to(node)
        assert holder_of(node, tmp_path / "proc") == "hemocam (process 4242)"
        link = tmp_path / "by-id"
        link.symlink_to(node)
        assert holder_of(link, tmp_path / "proc") == "hemocam (process 4242)"
        assert holder_of(tmp_path / "video1", tmp_path / "proc") is None


class TestDisk:
    def check(self, tmp_path: Path, free_mb: int, files: int = 10**6, table: int = 10**7) -> list[Finding]:
        space = SimpleNamespace(f_bavail=free_mb * 1000, f_frsize=1000, f_files=table, f_favail=files)
        return list(check_disk(tmp_path / "record/not/yet", 2000, 200, lambda folder: space))

    @pytest.mark.parametrize(
        ("free_mb", "level"),
        [(2000, Level.OK), (1999, Level.WARNING), (200, Level.WARNING), (199, Level.ERROR), (0, Level.ERROR)],
    )
    def test_the_records_own_limits(self, tmp_path: Path, free_mb: int, level: Level) -> None:
        (finding,) = self.check(tmp_path, free_mb)
        assert finding.level is level
        assert f"{free_mb} MB are free at {tmp_path}" in finding.text

    def test_a_disk_without_inodes_is_full_too(self, tmp_path: Path) -> None:
        assert levels(self.check(tmp_path, 9999, files=9_999)) == [Level.OK, Level.WARNING]
        assert levels(self.check(tmp_path, 9999, files=0, table=0)) == [Level.OK]  # btrfs has no table of files

    def test_a_disk_that_does_not_answer(self, tmp_path: Path) -> None:
        def broken(folder: Path) -> os.statvfs_result:
            raise OSError(5, "Input/output error")

        (finding,) = check_disk(tmp_path, 2000, 200, broken)
        assert finding.level is Level.ERROR
        assert "Input/output error" in finding.text

    def test_this_disk(self, tmp_path: Path) -> None:
        (finding, *_) = check_disk(tmp_path, 1, 0)
        assert finding.level is Level.OK


class TestClock:
    NOW = datetime(2026, 11, 21, 9, 30, tzinfo=timezone.utc)

    @pytest.mark.parametrize(("trusted", "level"), [(True, Level.OK), (None, Level.OK), (False, Level.WARNING)])
    def test_what_the_machine_says_of_it(self, trusted: bool | None, level: Level) -> None:
        (finding,) = check_clock(lambda: trusted, lambda: self.NOW)
        assert finding.level is level
        assert "2026-11-21 09:30 UTC" in finding.text

    def test_a_clock_without_a_battery(self) -> None:
        (finding,) = check_clock(lambda: True, lambda: datetime(1970, 1, 1, tzinfo=timezone.utc))
        assert finding.level is Level.ERROR
        assert "timedatectl" in finding.cure


class TestService:
    def unit(self, tmp_path: Path, text: str) -> Path:
        (tmp_path / UNIT).write_text(text)
        return tmp_path

    def test_none_installed(self, tmp_path: Path) -> None:
        assert levels(list(check_service(tmp_path))) == [Level.OK]

    def test_one_that_runs(self, tmp_path: Path) -> None:
        (finding,) = check_service(self.unit(tmp_path, sealed(template(UNIT))), lambda program: None)
        assert finding.level is Level.OK
        assert "runs /opt/hemocam/bin/hemocam" in finding.text
        assert "somebody changed it" not in finding.text

    def test_one_that_somebody_changed(self, tmp_path: Path) -> None:
        (finding,) = check_service(self.unit(tmp_path, template(UNIT)), lambda program: None)
        assert finding.level is Level.OK
        assert "somebody changed it" in finding.text

    def test_the_unit_of_old_stands_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "hemocam.service").touch()
        findings = list(check_service(self.unit(tmp_path, sealed(template(UNIT))), lambda program: None))
        assert levels(findings) == [Level.ERROR, Level.OK]
        assert "systemctl disable --now hemocam" in findings[0].cure

    def test_one_whose_program_is_gone(self, tmp_path: Path) -> None:
        (finding,) = check_service(self.unit(tmp_path, "[Service]\nExecStart=/opt/no-such-hemocam/bin/hemocam log\n"))
        assert finding.level is Level.ERROR
        assert "/opt/no-such-hemocam" in finding.text

    def test_one_from_before_the_watchdog(self, tmp_path: Path) -> None:
        (finding,) = check_service(
            self.unit(tmp_path, "[Service]\nType=exec\nExecStart=/bin/hemocam log\n"), lambda program: None
        )
        assert finding.level is Level.WARNING
        assert "no watchdog" in finding.text

    @pytest.mark.parametrize("content", [b"[Service]\n", b"\xff\xfe"])
    def test_one_that_is_none(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / UNIT).write_bytes(content)
        assert levels(list(check_service(tmp_path))) == [Level.ERROR]


class TestLimits:
    FREE: ClassVar = {resource.RLIMIT_NOFILE: 1024, resource.RLIMIT_AS: -1, resource.RLIMIT_FSIZE: -1}

    def check(self, **changed: int) -> list[Finding]:
        limits = self.FREE | {getattr(resource, name): value for name, value in changed.items()}
        return list(check_limits(lambda which: (limits[which], -1)))

    def test_enough_of_all(self) -> None:
        assert levels(self.check()) == [Level.OK]

    @pytest.mark.parametrize("changed", [{"RLIMIT_NOFILE": 64}, {"RLIMIT_AS": 10**9}, {"RLIMIT_FSIZE": 10**6}])
    def test_too_little_of_one(self, changed: dict[str, int]) -> None:
        (finding,) = self.check(**changed)
        assert finding.level is Level.WARNING
        assert str(next(iter(changed.values()))) in finding.text
        assert "drop-in" in finding.cure


def test_owners_read_as_ls_shows_them() -> None:
    assert str(Owner("video", stat.S_IMODE(0o100660))) == "video 0660"
