# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge and compare VRRP passwords without showing them.

Neutron writes ha_vrrp_auth_password into keepalived.conf unquoted. What keepalived 2.2.7 makes of such a word was
measured: of ``se#cret`` and ``se!cret`` it takes ``se`` and says nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

#: RFC 2338, section 5.3.6.1: the field has eight octets. keepalived cuts what is longer.
MAX_BYTES = 8

#: Characters that do not reach the other node as they were written, and why.
_UNSAFE = {
    "#": "keepalived takes `#` for the start of a comment and cuts the password there",
    "!": "keepalived takes `!` for the start of a comment and cuts the password there",
    '"': "keepalived takes a double quote for the start of a quoted word",
    "{": "keepalived takes a brace for the start of a block",
    "}": "keepalived takes a brace for the end of a block",
    "$": "oslo.config takes `$` for a reference to another option",
    " ": "keepalived cuts the password at the first space",
    "\t": "keepalived cuts the password at the first tab",
}


def problems(password: str) -> list[str]:
    """Why the password will not do, without the password."""
    found = []
    if len(password.encode("utf-8")) > MAX_BYTES:
        found.append("it is longer than %d bytes, which is all that VRRP version 2 carries" % MAX_BYTES)
    found.extend(reason for character, reason in _UNSAFE.items() if character in password)
    if any(ord(character) < 32 and character != "\t" for character in password):
        found.append("it has a control character")
    return found


def summary(password: str | None, salt: str) -> dict[str, Any]:
    """What may be told of a password: a fingerprint to compare within one run, and its problems.

    The salt is random, of that run and secret, so the fingerprint cannot be used to guess the password. Without a
    password (or an empty one, which Neutron takes for none) the fingerprint is "".
    """
    if not password:
        return {"fingerprint": "", "problems": []}
    digest = hmac.new(salt.encode("utf-8"), password.encode("utf-8"), hashlib.sha256)
    return {"fingerprint": digest.hexdigest(), "problems": problems(password)}
