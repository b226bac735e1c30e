"""What roles/lab keeps in its cache of images."""

from __future__ import annotations

import importlib.util
import os
import re
import time
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[3] / "roles" / "lab" / "files" / "lab_images.py"
spec = importlib.util.spec_from_file_location("lab_images", SOURCE)
assert spec and spec.loader
lab_images = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lab_images)


def image(cache: Path, name: str, days: float, parent: str = "") -> Path:
    """An image that was last asked for so many days ago."""
    made = cache / name
    (made / "image").mkdir(parents=True)
    (made / "parent").write_text(str(cache / parent / "image") if parent else "")
    os.utime(made, (time.time() - days * 86400,) * 2)
    return made


def left(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


def test_images_that_nobody_asked_for_in_a_fortnight_go_and_others_stay(tmp_path: Path) -> None:
    target = image(tmp_path, "base-new", 30)
    for name, days in (("base-old", 15), ("base-recent", 13), ("base-killed.partial", 15), ("network-old", 15)):
        image(tmp_path, name, days)
    lab_images.prune(tmp_path, "base", target)
    assert left(tmp_path) == ["base-new", "base-recent", "network-old"]


def test_what_a_build_that_failed_has_left_goes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mounts first, or what is mounted would be deleted."""
    image(tmp_path, "base-new", 0)
    failed, other = image(tmp_path, "base-failed.partial", 0), image(tmp_path, "network-failed.partial", 0)
    unmounted: list[tuple[Path, bool]] = []
    monkeypatch.setattr(
        lab_images, "unmount_below", lambda directory: unmounted.append((directory, directory.exists()))
    )
    lab_images.clear(tmp_path, "base")
    assert unmounted == [(failed, True)]
    assert left(tmp_path) == ["base-new", other.name]


def test_an_image_that_another_one_is_laid_on_stays_as_long_as_that_one(tmp_path: Path) -> None:
    target = image(tmp_path, "base-new", 0)
    image(tmp_path, "base-old", 15)
    child = image(tmp_path, "network-old", 15, parent="base-old")
    lab_images.prune(tmp_path, "base", target)
    assert "base-old" in left(tmp_path)
    lab_images.prune(tmp_path, "network", image(tmp_path, "network-new", 0, parent="base-new"))
    assert not child.exists()
    lab_images.prune(tmp_path, "base", target)
    assert left(tmp_path) == ["base-new", "network-new"]


def test_an_image_that_a_host_stands_on_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, mounted = image(tmp_path, "base-new", 0), image(tmp_path, "base-old", 15)
    read = Path.read_text
    mounts = "overlay /lab/root overlay rw,lowerdir=%s/image,upperdir=/lab/upper 0 0\n" % mounted
    monkeypatch.setattr(
        Path, "read_text", lambda path, *args: mounts if str(path) == "/proc/self/mounts" else read(path, *args)
    )
    lab_images.prune(tmp_path, "base", target)
    assert left(tmp_path) == ["base-new", "base-old"]


def asked(wanted: list[str], **changes: str) -> dict[str, dict[str, object]]:
    """Recipes of three images, each laid on the one before; changes: other scripts."""
    images = {
        name: {"parent": parent, "packages": [], "script": changes.get(name, "")}
        for name, parent in (("network", "bridge"), ("bridge", "base"), ("base", ""), ("other", "base"))
    }
    request = {"cache": "/cache", "suite": "bookworm", "images": images, "wanted": wanted}
    return dict(lab_images.recipes(request))


def test_what_a_wanted_image_is_laid_on_is_wanted_too_and_comes_before_it() -> None:
    assert list(asked(["network"])) == ["base", "bridge", "network"]


def test_an_image_is_another_one_when_what_it_is_laid_on_is() -> None:
    before = {name: recipe["target"] for name, recipe in asked(["network", "other"]).items()}
    after = {name: recipe["target"] for name, recipe in asked(["network", "other"], bridge="true").items()}
    assert [name for name in before if before[name] != after[name]] == ["bridge", "network"]


def test_a_recipe_names_the_directory_that_its_parent_has_or_will_have() -> None:
    found = asked(["network"])
    assert found["bridge"]["parent"] == "%s/image" % found["base"]["target"]


SOURCES = """\
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


def test_the_machine_s_own_release_is_taken_with_its_security_updates() -> None:
    assert lab_images.of_suite(SOURCES, "bookworm", "bookworm") == SOURCES


ONE_LINE_SOURCES = """\
deb http://mirror.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main"""


@pytest.mark.parametrize("sources", [SOURCES, ONE_LINE_SOURCES])
def test_another_release_comes_from_the_same_mirror_without_security_updates(sources: str) -> None:
    expected = re.split("\n\n|\ndeb", sources)[0].replace("bookworm", "bullseye")
    assert lab_images.of_suite(sources, "bookworm", "bullseye") == expected
