# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to nftables: libnftables(3), the library that ``nft`` is made of, so that no command is run."""

from __future__ import annotations

import ctypes
import functools
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError

_LIBRARY = "libnftables.so.1"
#: nftables/libnftables.h
_JSON = 1 << 4
_NETLINK_NETFILTER = 12


def listed(family: str, table: str) -> str:
    """A table of the calling thread's namespace, as JSON; "" when there is none."""
    status, output, _error = _run("list table %s %s" % (family, table))
    return "" if status else output


def load(text: str) -> None:
    """Carry out what ``nft -j -f`` would, in the calling thread's namespace: all of it or nothing."""
    status, _output, error = _run(text)
    if status:
        raise EdgeError("nft refuses the rules: %s" % (error.strip() or "status %d" % status))


def _run(text: str) -> tuple[int, str, str]:
    with _context() as (library, context):
        status = library.nft_run_cmd_from_buffer(context, text.encode())
        output = library.nft_ctx_get_output_buffer(context) or b""
        error = library.nft_ctx_get_error_buffer(context) or b""
        return status, output.decode(), error.decode("utf-8", "replace")


@contextmanager
def _context() -> Iterator[tuple[Any, ctypes.c_void_p]]:
    """Its socket is of the namespace in which it is made."""
    library = _library()
    try:
        # The library would end the process.
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER).close()
    except OSError as error:
        raise EdgeError("this kernel has no nftables: %s" % error.strerror) from None
    context = ctypes.c_void_p(library.nft_ctx_new(0))
    try:
        library.nft_ctx_output_set_flags(context, _JSON)
        library.nft_ctx_buffer_output(context)
        library.nft_ctx_buffer_error(context)
        yield library, context
    finally:
        library.nft_ctx_free(context)


@functools.cache
def _library() -> Any:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        raise EdgeError("%s is not there: install nftables" % _LIBRARY) from None
    library.nft_ctx_new.restype = ctypes.c_void_p
    for function in (library.nft_ctx_get_output_buffer, library.nft_ctx_get_error_buffer):
        function.restype = ctypes.c_char_p
    return library
