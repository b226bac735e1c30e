# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to iproute2: many changes in one process, and what it says when it refuses.

Input is handed over in memory, for it may be read by nobody else and needs no name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.commands import file_of, run

_FAILED = re.compile(r"Command failed \S*:(\d+)")


def batch(tool: str, lines: Sequence[str], inherited: Sequence[int] = ()) -> None:
    """Run lines with ``ip`` or ``bridge`` in the namespace of the calling thread.

    It stops at the first line that fails. Raises EdgeError with that line and the kernel's reason. inherited:
    descriptors that it keeps open while it runs.
    """
    if not lines:
        return
    with file_of("\n".join([*lines, ""])) as descriptor:
        command = [tool, "-batch", "/proc/self/fd/%d" % descriptor]
        status, output, error = run(command, check=False, pass_fds=[descriptor, *inherited])
    if status:
        found = _FAILED.search(error)
        number = int(found.group(1)) if found else 0
        line = lines[number - 1] if 0 < number <= len(lines) else "-batch"
        reason = "; ".join(text for text in (error or output).splitlines() if text and not _FAILED.match(text))
        raise EdgeError("%s %s: %s" % (tool, line, reason or "exit status %d" % status))
