# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keepalived says of itself is kept for the runs that follow one that changes something."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import Capabilities
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import NODE, Layout
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.keepalived import Keepalived
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.systemd import Systemd

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has files that count as the collection's own")

OLD, NEW = Capabilities.of_version((1, 2, 15)), Capabilities.of_version((2, 2, 7))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(keepalived=str(tmp_path / "keepalived"), runtime=str(tmp_path / "run"))


def install(layout: Layout, version: str) -> None:
    """In the place of the one that is there, as packages are."""
    new = Path(layout.keepalived + ".new")
    new.write_text("#!/bin/sh\necho 'Keepalived v%s (date)' >&2\n" % version)
    new.chmod(0o755)
    new.rename(layout.keepalived)


def run(layout: Layout, changes: bool) -> Capabilities:
    """A run of a module, which changes something or not."""
    port = Keepalived(Systemd(), layout)
    found = port.capabilities()
    for _step in range(2 if changes else 0):
        port.apply(Step("remove", "a file that is not there", layout.keepalived + ".nothing"))
    assert port.capabilities() == found
    return found


def kept_says_otherwise(layout: Layout) -> None:
    kept = Path(layout.version)
    kept.write_text(kept.read_text().replace("v1.2.15", "v2.2.7"))


def test_a_run_that_changes_nothing_keeps_nothing(layout: Layout) -> None:
    install(layout, "1.2.15")
    assert run(layout, changes=False) == OLD != NEW and not Path(layout.runtime).exists()


def test_the_next_run_is_told_without_the_program(layout: Layout) -> None:
    install(layout, "1.2.15")
    run(layout, changes=True)
    assert os.stat(layout.version).st_mode & 0o777 == 0o644
    kept_says_otherwise(layout)
    assert run(layout, changes=False) == NEW


def test_a_program_that_was_replaced_is_asked(layout: Layout) -> None:
    install(layout, "1.2.15")
    run(layout, changes=True)
    install(layout, "2.2.7")
    assert run(layout, changes=True) == NEW and run(layout, changes=False) == NEW


def test_a_program_that_was_written_to_is_asked_though_its_size_and_time_are_the_same(layout: Layout) -> None:
    install(layout, "1.2.15")
    run(layout, changes=True)
    before, text = os.stat(layout.keepalived), Path(layout.keepalived).read_text()
    Path(layout.keepalived).write_text(text.replace("v1.2.15", "v2.2.77"))
    os.utime(layout.keepalived, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = os.stat(layout.keepalived)
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
    assert run(layout, changes=False) == NEW


@pytest.mark.parametrize("damage", ("truncated", "somebody else's", "for all to write", "a link"))
def test_what_is_not_as_it_was_written_is_not_believed_and_is_written_anew(layout: Layout, damage: str) -> None:
    install(layout, "1.2.15")
    run(layout, changes=True)
    kept, good = Path(layout.version), Path(layout.version).read_text()
    kept_says_otherwise(layout)
    if damage == "truncated":
        kept.write_text(kept.read_text()[:5])
    elif damage == "somebody else's":
        os.chown(kept, 1, 1)
    elif damage == "for all to write":
        kept.chmod(0o666)
    else:
        kept.rename(layout.runtime + "/elsewhere")
        kept.symlink_to("elsewhere")
    assert run(layout, changes=True) == OLD
    assert kept.read_text() == good and not kept.is_symlink() and kept.stat().st_mode & 0o777 == 0o644


def test_where_it_cannot_be_kept_the_program_is_asked_again(layout: Layout) -> None:
    install(layout, "1.2.15")
    Path(layout.runtime).write_text("in the way")
    assert run(layout, changes=True) == OLD == run(layout, changes=True)


@pytest.mark.skipif(not shutil.which(NODE.keepalived), reason="keepalived is not installed")
def test_the_real_one_is_told_by_the_next_run_as_by_the_first(layout: Layout) -> None:
    real = Layout(runtime=layout.runtime)
    first = run(real, changes=True)
    assert Path(real.version).read_text().splitlines()[1].startswith("Keepalived v")
    assert run(real, changes=False) == first
