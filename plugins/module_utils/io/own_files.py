# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are the collection's alone. They are root's, and regular files: what else stands there is replaced, such
as the link to /dev/null that ``systemctl mask`` makes of a unit."""

from __future__ import annotations

import os

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import File
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.files import (
    MissingFile,
    NotText,
    read_attributes,
    read_text,
    reported,
    write_atomically,
)


def read_own(path: str) -> File | None:
    """None when there is nothing; a link, or what is no text, is a file neither as it was written nor root's."""
    if os.path.islink(path):
        return File("", None)
    try:
        text, attributes = read_text(path), read_attributes(path)
    except MissingFile:
        return None
    except NotText:
        return File("", None)
    return File(text, attributes.mode if (attributes.owner, attributes.group) == (0, 0) else None)


def write_own(path: str, text: str, mode: int) -> None:
    """Put text in the place of what is there, and make the folders above it."""
    with reported(path, "written"):
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        if os.path.islink(path):
            os.unlink(path)
    write_atomically(path, text, mode, "0", "0")
