"""Writing a file keeps what belongs to the operator, whatever happens."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import files

KILLS = 60
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a file to another user")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "neutron.conf"
    path.write_bytes(b"[DEFAULT]\r\na = \xc3\xa9")
    path.chmod(0o640)
    return path


def names(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


def test_a_text_is_read_byte_for_byte(path: Path) -> None:
    assert files.read_text(str(path)) == "[DEFAULT]\r\na = é"
    files.write_atomically(str(path), "a\r\né\n")
    assert path.read_bytes() == b"a\r\n\xc3\xa9\n"


def test_a_missing_file_is_told_from_one_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(files.MissingFile, match="does not exist"):
        files.read_text(str(tmp_path / "a"))
    with pytest.raises(EdgeError, match="is a directory; give the path of a file"):
        files.read_text(str(tmp_path))
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(EdgeError, match="is not a regular file"):
        files.read_text(str(tmp_path / "fifo"))
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(EdgeError, match="Too many levels of symbolic links"):
        files.read_text(str(tmp_path / "loop"))
    (tmp_path / "file").write_text("")
    with pytest.raises(EdgeError, match="Not a directory"):
        files.read_text(str(tmp_path / "file" / "below"))


@as_root
def test_a_file_that_one_may_not_read_is_named(path: Path) -> None:
    os.seteuid(65534)
    try:
        with pytest.raises(EdgeError, match=r"neutron\.conf cannot be read: Permission denied"):
            files.read_text(str(path))
    finally:
        os.seteuid(0)


def test_mode_is_kept_or_set(path: Path) -> None:
    files.write_atomically(str(path), "b")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    files.write_atomically(str(path), "c", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@as_root
def test_owner_and_group_are_kept_or_set(path: Path) -> None:
    os.chown(path, 1234, 2345)
    kept = files.write_atomically(str(path), "b", backup=True)
    for written in (path, Path(kept or "")):
        assert (written.stat().st_uid, written.stat().st_gid) == (1234, 2345)
        assert stat.S_IMODE(written.stat().st_mode) == 0o640
    files.write_atomically(str(path), "c", owner="root", group="0")
    assert (path.stat().st_uid, path.stat().st_gid) == (0, 0)


@as_root
def test_extended_attributes_are_kept(path: Path) -> None:
    os.setxattr(path, "trusted.linuxbridge_vrrp", b"1")
    kept = files.write_atomically(str(path), "b", backup=True)
    for written in (path, kept):
        assert os.getxattr(written or "", "trusted.linuxbridge_vrrp") == b"1"


def test_a_new_file_is_not_for_everyone(tmp_path: Path) -> None:
    assert files.write_atomically(str(tmp_path / "new"), "a", backup=True) is None
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_a_link_is_followed_and_stays(path: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    link = tmp_path / "etc" / "neutron.conf"
    link.symlink_to("../neutron.conf")
    kept = files.write_atomically(str(link), "b", backup=True)
    assert link.is_symlink() and path.read_text() == "b"
    assert kept is not None and Path(kept).parent == path.parent
    assert os.listdir(tmp_path / "etc") == ["neutron.conf"]


def test_a_link_to_nowhere_can_be_filled(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    files.write_atomically(str(tmp_path / "link"), "b")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_text() == "b"


def test_each_backup_is_a_file_of_its_own(path: Path) -> None:
    kept = [files.write_atomically(str(path), str(number), backup=True) for number in range(20)]
    assert [Path(name or "").read_text() for name in kept[1:]] == [str(number) for number in range(19)]
    assert names(path) == sorted([path.name, *(Path(name or "").name for name in kept)])


def test_a_directory_that_cannot_be_written_to_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="cannot be written: No such file or directory"):
        files.write_atomically(str(tmp_path / "a" / "b"), "x")
    with pytest.raises(EdgeError, match="there is no user no-such-user"):
        files.write_atomically(str(tmp_path / "c"), "x", owner="no-such-user")
    assert os.listdir(tmp_path) == []


def test_a_write_that_fails_leaves_the_old_file_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EdgeError, match="cannot be written: No space left on device"):
        files.write_atomically(str(path), "b", backup=True)
    assert (path.read_bytes(), names(path)) == (before, [path.name])


def test_a_temporary_file_of_a_write_under_way_is_no_left_over(path: Path) -> None:
    with files._temporary(str(path)) as (_file, name):
        assert files.left_overs(str(path)) == []
        files.remove_left_overs(str(path))
        assert os.path.exists(name)
    assert names(path) == [path.name]


def test_only_ones_own_left_overs_are_removed(path: Path) -> None:
    left = path.parent / ".neutron.conf.0badcafe.linuxbridge_vrrp.tmp"
    other = path.parent / ".neutron.conf.orig.0badcafe.tmp"
    another = path.parent / ".l3_agent.ini.0badcafe.linuxbridge_vrrp.tmp"
    for name in (left, other, another):
        name.write_text("half")
    assert files.left_overs(str(path)) == [str(left)]
    files.write_atomically(str(path), "b")
    assert names(path) == sorted([path.name, other.name, another.name])


WRITER = """
import itertools, sys
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import files
print("ready", flush=True)
for number in itertools.count():
    files.write_atomically(sys.argv[1], ("%d\\n" % number) * 20000, backup=number % 10 == 0)
"""


def writer(path: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WRITER, str(path)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline() == b"ready\n"
    return process


def test_a_kill_at_any_moment_leaves_a_whole_file_and_the_next_write_cleans_up(path: Path) -> None:
    """Writers are killed at random moments; every file that anyone could load is whole."""
    chance = random.Random(5798)
    left = 0
    files.write_atomically(str(path), "0\n" * 20000)
    for _unused in range(KILLS):
        with writer(path) as process:
            time.sleep(chance.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
        left += len(files.left_overs(str(path)))
        for name in [path, *path.parent.glob("neutron.conf.*~")]:
            lines = name.read_text().split("\n")
            assert len(lines) == 20001 and len(set(lines[:-1])) == 1
            assert stat.S_IMODE(name.stat().st_mode) == 0o640
    # Otherwise no kill ever struck within a write and the test showed nothing.
    assert left > 0
    files.write_atomically(str(path), "end")
    assert not [name for name in names(path) if name.endswith(".tmp")]


def test_writers_at_the_same_time_do_not_mix(path: Path) -> None:
    files.write_atomically(str(path), "0\n" * 20000)
    writers = [writer(path) for _unused in range(3)]
    try:
        for _unused in range(200):
            lines = files.read_text(str(path)).split("\n")
            assert len(lines) == 20001 and len(set(lines[:-1])) == 1
            time.sleep(0.005)
        assert [process.poll() for process in writers] == [None, None, None]
    finally:
        for process in writers:
            process.kill()
            process.communicate()
