from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from edge.service.errors import ServiceError
from edge.service.installation import Outcome, ServiceFile, install, is_untouched, next_steps, sealed, service_files
from edge.service.places import Places, existing_groups, own_program, unreachable
from edge.service.templates import CHECKOUT, EXAMPLE, JOURNAL, RULES, UNIT, template

PROGRAM = Path("/opt/ward/bin/hemocam")


def places(tmp_path: Path) -> Places:
    return Places(tmp_path, "ward3")


def files(tmp_path: Path) -> list[ServiceFile]:
    return service_files(places(tmp_path), PROGRAM, ("video", "render"))


def test_the_unit_runs_this_program_in_this_machines_groups(tmp_path: Path) -> None:
    install(files(tmp_path), force=False)
    unit = (tmp_path / "etc/systemd/system/hemocam@.service").read_text()
    assert "ExecStart=/opt/ward/bin/hemocam log --config /etc/hemocam/%i.yaml\n" in unit
    assert "SupplementaryGroups=video render\n" in unit
    assert "/opt/hemocam/bin" not in unit


def test_without_groups_the_unit_names_none(tmp_path: Path) -> None:
    assert "SupplementaryGroups" not in service_files(places(tmp_path), PROGRAM, ())[0].text


def test_everybody_may_read_what_is_written_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        install(files(tmp_path), force=False)
    finally:
        os.umask(before)
    for path in (tmp_path / "etc").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644), path


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    assert {outcome for _, outcome in install(files(tmp_path), force=False)} == {Outcome.WRITTEN}
    times = [file.path.stat().st_mtime_ns for file in files(tmp_path)]
    assert {outcome for _, outcome in install(files(tmp_path), force=False)} == {Outcome.UNCHANGED}
    assert [file.path.stat().st_mtime_ns for file in files(tmp_path)] == times


def test_what_an_older_version_wrote_is_replaced(tmp_path: Path) -> None:
    unit = places(tmp_path).unit
    install([ServiceFile(unit, sealed("[Unit]\nDescription=older\n").replace("hemocam 0", "hemocam 0.0"))], force=False)
    assert dict(install(files(tmp_path), force=False))[unit] is Outcome.REPLACED
    assert not unit.with_name("hemocam@.service.before").exists()


def test_what_a_person_changed_is_left_alone_and_nothing_else_is_written_either(tmp_path: Path) -> None:
    install(files(tmp_path), force=False)
    where = places(tmp_path)
    where.unit.write_text(where.unit.read_text().replace("WatchdogSec=30", "WatchdogSec=60"))
    where.rules.unlink()
    with pytest.raises(ServiceError, match=r"nothing was written.*hemocam@\.service is not.*--force"):
        install(files(tmp_path), force=False)
    assert "WatchdogSec=60" in where.unit.read_text()
    assert not where.rules.exists()


def test_force_keeps_the_old_file_beside(tmp_path: Path) -> None:
    where = places(tmp_path)
    where.unit.parent.mkdir(parents=True)
    where.unit.write_bytes(b"# mine \xff\n")
    outcomes = dict(install(files(tmp_path), force=True))
    assert outcomes[where.unit] is Outcome.REPLACED
    assert where.unit.with_name("hemocam@.service.before").read_bytes() == b"# mine \xff\n"
    assert is_untouched(where.unit.read_text())


def test_a_configuration_is_a_persons(tmp_path: Path) -> None:
    config = places(tmp_path).config
    install([ServiceFile(config, "camera: {kind: v4l2}\n", ours=False)], force=False)
    with pytest.raises(ServiceError, match=r"ward3\.yaml"):
        install([ServiceFile(config, "camera: {kind: simulated_slide}\n", ours=False)], force=False)
    assert install([ServiceFile(config, "camera: {kind: v4l2}\n", ours=False)], force=False) == [(config, Outcome.UNCHANGED)]


@pytest.mark.parametrize("change", ["x", "\n", " "])
def test_any_change_breaks_the_seal(change: str) -> None:
    text = sealed("[Unit]\nDescription=a\n")
    assert is_untouched(text)
    for index in (0, len(text) // 2, len(text)):
        assert not is_untouched(text[:index] + change + text[index:])


@pytest.mark.parametrize("program", ["/opt/my app/hemocam", "/opt/50%/hemocam", "/opt/$HOME/hemocam", '/opt/"/hemocam'])
def test_a_path_that_a_unit_cannot_hold_is_refused(tmp_path: Path, program: str) -> None:
    with pytest.raises(ServiceError, match="cannot stand in a unit"):
        service_files(places(tmp_path), Path(program), ())


@pytest.mark.parametrize("name", ["", "../x", "a b", "-x", "x" * 64, "a/b", "%i"])
def test_an_instances_name_is_plain(name: str, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="cannot be called"):
        Places(tmp_path, name)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("a file")
    with pytest.raises(ServiceError, match=r"hemocam@\.service (is there and cannot be read|cannot be written)"):
        install(files(tmp_path), force=False)


def test_the_next_steps_are_those_that_the_changes_need(tmp_path: Path) -> None:
    where = places(tmp_path)
    steps = next_steps(where, install(files(tmp_path), force=False))
    assert steps == [
        "systemctl daemon-reload",
        "udevadm control --reload && udevadm trigger -s video4linux -s usb",
        "systemctl restart systemd-journald",
        "hemocam doctor --config /etc/hemocam/ward3.yaml",
        "systemctl enable --now hemocam@ward3",
        "journalctl -fu hemocam@ward3",
    ]
    assert next_steps(where, install(files(tmp_path), force=False)) == steps[3:]
    assert next_steps(where, [(where.config, Outcome.WRITTEN)])[0].startswith("edit /etc/hemocam/ward3.yaml")


@pytest.mark.parametrize("name", [UNIT, RULES, JOURNAL, EXAMPLE])
def test_every_template_ships(name: str) -> None:
    assert template(name) == (CHECKOUT / name).read_text("utf-8")


def test_a_missing_template_is_named_with_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=str(tmp_path)):
        template(UNIT, (tmp_path,))


def test_the_program_is_this_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(ServiceError, match="run install-service with the hemocam"):
        own_program()
    (tmp_path / "hemocam").touch()
    assert own_program() == tmp_path / "hemocam"


class TestReachable:
    """The service runs as a user of its own."""

    @pytest.fixture
    def folder(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        """One that everybody may enter; pytest's own is for its user alone."""
        with TemporaryDirectory(dir="/var/tmp", prefix="hemocam-test-") as name:
            Path(name).chmod(0o755)
            monkeypatch.setattr("edge.service.places.HIDDEN", (Path(name, "home"),))
            yield Path(name)

    def test_what_all_may_read(self, folder: Path) -> None:
        file = folder / "file"
        file.touch(0o644)
        assert unreachable(file) is None

    def test_a_file_for_its_owner(self, folder: Path) -> None:
        file = folder / "file"
        file.touch()
        file.chmod(0o600)
        assert "may be read by its owner alone (mode 0600)" in str(unreachable(file))

    def test_a_folder_for_its_owner(self, folder: Path) -> None:
        (folder / "closed").mkdir(0o700)
        (folder / "closed/file").touch(0o644)
        assert "closed may be entered by its owner alone (mode 0700)" in str(unreachable(folder / "closed/file"))

    def test_a_link_into_a_home(self, folder: Path) -> None:
        (folder / "home").mkdir()
        (folder / "home/python").touch(0o755)
        (folder / "python").symlink_to(folder / "home/python")
        assert "which is closed to the service" in str(unreachable(folder / "python"))

    def test_what_is_not_there(self, folder: Path) -> None:
        assert "No such file" in str(unreachable(folder / "gone"))


def test_only_groups_that_are_there_are_named() -> None:
    assert existing_groups(("root", "no-such-group-here")) == ("root",)
