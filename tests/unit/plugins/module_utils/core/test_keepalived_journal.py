# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keepalived says of its instances, in the words of 2.2.7."""

from __future__ import annotations

import re

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_journal import PATTERN, faults

FAILED = "VRRP_Script(check) failed (exited with status 1)"
WHY = ["script check failed (exited with status 1)"]
WELL = "VRRP_Script(check) succeeded"
RELOADED = "VRRP_Script(check) considered successful on reload"
STILL, DUE = "VRRP_Script(check) considered unsuccessful on reload", "(VR_7): entering FAULT state due to script check"
BACKUP, MASTER, FAULT = ("(VR_7) Entering %s STATE" % state for state in ("BACKUP", "MASTER", "FAULT"))


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([], []),
        # At the start a failed script is all that is said.
        ([FAILED], WHY),
        ([WELL, BACKUP], []),
        ([FAILED, WELL, BACKUP, MASTER], []),
        ([WELL, BACKUP, FAILED, FAULT], WHY),
        ([FAILED, FAULT, WELL, BACKUP], []),
        ([WELL, BACKUP, RELOADED], []),
        ([FAILED, STILL, DUE], ["script check considered unsuccessful on reload"]),
        ([BACKUP, "VRRP_Script(check) timed out"], ["script check timed out"]),
        # That of a group it belongs to, or a process that it tracks.
        ([BACKUP, FAULT], ["keepalived says so"]),
        ([FAULT, BACKUP], []),
        (["(VR_8) Entering BACKUP STATE", FAULT, "(VR_8) Entering BACKUP STATE"], ["keepalived says so"]),
        (["VRRP_Script(other) failed (exited with status 1)"], []),
        (["VRRP_Instance(VR_7) Entering FAULT STATE"], ["keepalived says so"]),
        (["(VR_7) entering FAULT state"], ["keepalived says so"]),
    ],
)
def test_an_instance_is_in_fault_by_what_was_said_last(messages: list[str], told: list[str]) -> None:
    """In the order in which it was said."""
    assert faults(messages[::-1], "VR_7", ["check"]) == told


def test_journalctl_is_asked_for_just_what_is_understood() -> None:
    for message in (FAILED, WELL, RELOADED, BACKUP, FAULT, STILL, DUE, "(VR_7) entering FAULT state"):
        assert re.search(PATTERN, message)
    for message in ("(VR_7) Receive advertisement timeout", "Script `check` now returning 1", "Reloading"):
        assert not re.search(PATTERN, message)
