"""That libnftables, which is not made for threads, is used by one at a time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import nftables


class Library:
    """libnftables as far as it is used here: notes how many threads are in it. Each call takes a while."""

    def __init__(self) -> None:
        self.now: set[int] = set()
        self.most = 0

    def nft_ctx_new(self, _flags: int) -> int:
        self.now.add(threading.get_ident())
        self.most = max(self.most, len(self.now))
        time.sleep(0.01)
        return 1

    def nft_ctx_free(self, _context: Any) -> None:
        self.now.remove(threading.get_ident())

    def nft_run_cmd_from_buffer(self, _context: Any, command: bytes) -> int:
        return 0 if command == b"list table inet mine" else 1

    def nft_ctx_get_output_buffer(self, _context: Any) -> bytes:
        return b"{}"

    def __getattr__(self, name: str) -> Any:
        return lambda *_arguments: None


def test_one_thread_at_a_time_is_in_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    monkeypatch.setattr(nftables, "_library", lambda: library)
    monkeypatch.setattr(nftables.socket, "socket", lambda *_arguments: Library())
    with ThreadPoolExecutor(max_workers=8) as workers:
        told = list(workers.map(lambda _number: nftables.listed("inet", "mine"), range(8)))
    assert told == ["{}"] * 8
    assert library.most == 1
