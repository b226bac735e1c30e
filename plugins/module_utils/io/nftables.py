# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to nftables.

A table is read with libnftables(3), the library that ``nft`` is made of, which saves a process for each namespace. That
of nftables 0.9.8 corrupts memory when two threads use it, each with a context of its own, and helgrind finds races in
1.0.6 too, so only one thread at a time does. Loading is left to ``nft``: the kernel takes its time over it, and it is
done in several namespaces side by side.
"""

from __future__ import annotations

import ctypes
import functools
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Callable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.commands import file_of, start

_ONE_AT_A_TIME = threading.Lock()
_LIBRARY = "libnftables.so.1"
#: nftables/libnftables.h
_JSON = 1 << 4
_NETLINK_NETFILTER = 12


def listed(family: str, table: str) -> str:
    """A table of the calling thread's namespace, as JSON; "" when there is none."""
    with _ONE_AT_A_TIME, _context() as (library, context):
        status = library.nft_run_cmd_from_buffer(context, b"list table %s %s" % (family.encode(), table.encode()))
        output: bytes = library.nft_ctx_get_output_buffer(context) or b""
        return "" if status else output.decode()


def start_loading(text: str, inherited: Sequence[int] = ()) -> Callable[[], None]:
    """Carry out ``nft -j -f`` in the calling thread's namespace, all of it or nothing, beside what is done next.

    The function that is returned waits for its end, and raises EdgeError. inherited: descriptors that it keeps open
    while it runs.
    """
    with file_of(text) as descriptor:
        command = ["nft", "-j", "-f", "/proc/self/fd/%d" % descriptor]
        finish = start(command, check=False, pass_fds=[descriptor, *inherited])

    def loaded() -> None:
        status, output, error = finish()
        if status:
            reason = error.strip() or output.strip() or "exit status %d" % status
            raise EdgeError("nft refuses the rules: %s" % reason)

    return loaded


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
    library.nft_ctx_get_output_buffer.restype = ctypes.c_char_p
    return library
