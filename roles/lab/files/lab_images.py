# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the images of a lab in the cache, or build one of them.

Reads from standard input a JSON object:
  cache: directory of all images
  suite: Debian's suite
  images: for each name of an image
    parent: name of the image it is laid on, or "" for a new Debian
    packages: list of Debian packages
    script: shell script run as root inside the image, after the packages
    keep_packages: true keeps beside the image, in the directory "packages", what a host that is to install the same
        packages may find in their places: the downloaded files, and what Python compiled for them (default: false)
  wanted: names of the images that are needed
  build: name of the one to build, on a parent that is there; "" builds none

Prints {"directories": {name: str}, "missing": [name, ...]} of those that are wanted and those below them, the lowest
first. An image is a directory tree named by a hash of all that goes into it; one with a parent holds only what differs
from it, to be laid over it with overlayfs. Older images of the same name that nobody has asked for in a fortnight are
removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OS_RELEASE = "/etc/os-release"
APT_SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources")
#: Seconds after which an image that no lab asks for is removed.
UNUSED = 14 * 86400
NO_START = "#!/bin/sh\n# Services of an image that is being built must not start.\nexit 101\n"


def run(*command: str, stdin: str | None = None) -> None:
    """Run a command with its output in the build's log; its last lines go into the error."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"}
    done = subprocess.run(
        command, input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, check=False
    )
    if done.returncode:
        raise SystemExit(
            "%s\nfailed with exit code %d:\n%s" % (" ".join(command), done.returncode, done.stdout[-3000:])
        )


def apt_sources() -> list[str]:
    """The machine's own Debian sources: the lab asks no other mirror than the machine does."""
    return [name for name in APT_SOURCES if os.path.exists(name)]


def of_suite(sources: str, machine: str, suite: str) -> str:
    """The machine's package sources, in either format, for another release than its own (machine: its name). Mirrors
    have no security updates of old releases, or only some."""
    if suite == machine:
        return sources
    stanzas = [stanza for stanza in re.split(r"\n\n|\n(?=deb)", sources) if "-security" not in stanza]
    return re.sub(r"\b%s\b" % machine, suite, "\n\n".join(stanzas))


def digest(recipe: dict[str, Any]) -> str:
    """Name of what goes in: the recipe, the machine's package sources, and this program."""
    parts = [json.dumps(recipe, sort_keys=True)]
    parts += [Path(name).read_text() for name in [*apt_sources(), __file__]]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def recipes(request: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """For each image that is wanted, and those below it, the lowest first: what it is made of, its parent as the
    directory that is or will be there, and its own directory as "target"."""
    found: dict[str, dict[str, Any]] = {}

    def add(name: str) -> str:
        if name not in found:
            image = request["images"][name]
            parent = image["parent"] and add(image["parent"])
            recipe = {"keep_packages": False, **image, "name": name, "parent": parent, "suite": request["suite"]}
            found[name] = {**recipe, "target": Path(request["cache"], "%s-%s" % (name, digest(recipe)))}
        return str(found[name]["target"] / "image")

    for name in request["wanted"]:
        add(name)
    return found


def layers(image: str) -> list[str]:
    """The image and those below it, uppermost first."""
    chain = []
    while image:
        chain.append(image)
        image = (Path(image).parent / "parent").read_text()
    return chain


def unmount_below(directory: Path) -> None:
    """What a killed build left mounted, innermost first."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in reversed([mount for mount in mounts if mount.startswith("%s/" % directory)]):
        run("umount", "--lazy", mount)


@contextlib.contextmanager
def inside(root: str) -> Iterator[None]:
    """Give a root file system what packages need to be installed in it."""
    policy = Path(root, "usr/sbin/policy-rc.d")
    policy.write_text(NO_START)
    policy.chmod(0o755)
    shutil.copy("/etc/resolv.conf", Path(root, "etc/resolv.conf"))
    run("mount", "-t", "proc", "proc", root + "/proc")
    run("mount", "-t", "sysfs", "-o", "ro", "sysfs", root + "/sys")
    run("mount", "--rbind", "/dev", root + "/dev")
    run("mount", "--make-rslave", root + "/dev")
    try:
        yield
    finally:
        unmount_below(Path(root))
        policy.unlink()


def bootstrap(root: str, recipe: dict[str, Any]) -> None:
    """A new Debian with the packages."""
    machine = re.findall(r"^VERSION_CODENAME=(.*)$", Path(OS_RELEASE).read_text(), re.MULTILINE)[0]
    sources = []
    for name in apt_sources():
        sources.append(str(Path(root).with_name(os.path.basename(name))))
        Path(sources[-1]).write_text(of_suite(Path(name).read_text(), machine, recipe["suite"]))
    options = ["--mode=root", "--variant=minbase", "--dpkgopt=force-unsafe-io", "--skip=cleanup/apt/lists"]
    run(
        "mmdebstrap",
        *options,
        "--aptopt=APT::Install-Recommends false",
        "--include=" + ",".join(recipe["packages"]),
        str(recipe["suite"]),
        root,
        *sources,
    )


def install(root: str, recipe: dict[str, Any]) -> None:
    """More packages into what is there."""
    run("chroot", root, "apt-get", "install", "--yes", "--quiet", *recipe["packages"])


def compile_python(root: str) -> None:
    """What packages do one by one with py3compile, which is a stand-in in the images. What is meant for another Python
    does not compile, and is not needed."""
    everything = "python3 -m compileall -qq -j 0 /usr/lib/python3 /usr/lib/python3.* || true"
    run("chroot", root, "sh", "-c", everything)


def set_packages_aside(image: Path, kept: Path | None) -> None:
    """Take the downloaded package files out of an image; into a directory of their own, if there is one, with copies of
    the compiled Python files. They are good where they have the time of their source, which is the package's."""
    archives = Path("var/cache/apt/archives")
    if kept:
        (kept / archives).mkdir(parents=True)
    for package in (image / archives).glob("*.deb"):
        if kept:
            package.rename(kept / archives / package.name)
        else:
            package.unlink()
    for compiled in (image / "usr/lib").glob("python3*/**/__pycache__") if kept else ():
        shutil.copytree(compiled, kept / compiled.relative_to(image))


def build(target: Path, recipe: dict[str, Any]) -> None:
    """Make the image beside its place, and move it there when it is whole."""
    partial = target.with_name(target.name + ".partial")
    image, root, work = partial / "image", partial / "root", partial / "work"
    for directory in (image, root, work):
        directory.mkdir(parents=True)
    parent = str(recipe["parent"])
    (partial / "parent").write_text(parent)
    if parent:
        options = "lowerdir=%s,upperdir=%s,workdir=%s" % (":".join(layers(parent)), image, work)
        run("mount", "-t", "overlay", "overlay", "-o", options, str(root))
    else:
        bootstrap(str(image), recipe)
        run("mount", "--bind", str(image), str(root))
    with inside(str(root)):
        if parent:
            install(str(root), recipe)
        compile_python(str(root))
        run("chroot", str(root), "sh", "-eux", stdin=str(recipe["script"]))
    unmount_below(partial)
    set_packages_aside(image, partial / "packages" if recipe["keep_packages"] else None)
    shutil.rmtree(work)
    root.rmdir()
    partial.rename(target)


def clear(cache: Path, name: str) -> None:
    """Remove what builds of the name have left that failed or were killed; the caller sees to it that none goes on."""
    for partial in cache.glob("%s-*.partial" % name):
        unmount_below(partial)
        shutil.rmtree(partial)


def prune(cache: Path, name: str, target: Path) -> None:
    """Remove what is left of other images of the name, unless a host or another image stands on it."""
    mounts = Path("/proc/self/mounts").read_text()
    parents = {Path(record.read_text()).parent for record in cache.glob("*/parent")}
    for image in cache.glob("%s-*" % name):
        unused = time.time() - image.stat().st_mtime > UNUSED
        if image != target and unused and image not in parents and "%s/" % image not in mounts:
            shutil.rmtree(image)


def provide(name: str, recipe: dict[str, Any]) -> None:
    """Build the image unless it is there, and note that it is in use."""
    target = recipe["target"]
    with (target.parent / ("%s.lock" % name)).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        clear(target.parent, name)
        if not target.exists():
            build(target, recipe)
        os.utime(target)
        prune(target.parent, name, target)


def main() -> None:
    request = json.load(sys.stdin)
    Path(request["cache"]).mkdir(parents=True, exist_ok=True)
    found = recipes(request)
    for name, recipe in found.items():
        if name == request["build"] or recipe["target"].exists():
            provide(name, recipe)
    directories = {name: str(recipe["target"] / "image") for name, recipe in found.items()}
    missing = [name for name, recipe in found.items() if not recipe["target"].exists()]
    print(json.dumps({"directories": directories, "missing": missing}))


if __name__ == "__main__":
    main()
