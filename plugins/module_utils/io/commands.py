# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the node: run with a time limit, in the C locale, with errors that name the command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError

TIMEOUT = 120


def run(command: Sequence[str], check: bool = True, pass_fds: Sequence[int] = ()) -> tuple[int, str, str]:
    """Exit status, standard output and standard error; another status than 0 is an EdgeError unless check is False."""
    try:
        # run_command has no time limit, and cannot pass descriptors on or leave a process behind.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            env={**os.environ, "LC_ALL": "C"},
            timeout=TIMEOUT,
            pass_fds=pass_fds,
            check=False,
        )
    except FileNotFoundError:
        raise EdgeError("%s is not installed on this node" % command[0]) from None
    except subprocess.TimeoutExpired:
        raise EdgeError("%s did not end within %d s" % (" ".join(command[:3]), TIMEOUT)) from None
    if check and done.returncode:
        message = done.stderr.strip() or done.stdout.strip() or "exit status %d" % done.returncode
        raise EdgeError("%s: %s" % (" ".join(command), message))
    return done.returncode, done.stdout, done.stderr
