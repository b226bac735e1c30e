"""When a namespace had which address."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.timeline import (
    AddressEvent,
    LinkEvent,
    address_event,
    both,
    held_last,
    length,
    link_event,
    overlap,
    spans,
    union,
)

GATEWAY = ("qr-11111111-22", "198.51.100.1/24")
FLOATING = ("qg-33333333-44", "203.0.113.17/32")


def test_an_address_that_comes_is_read_with_the_microsecond() -> None:
    line = (
        "[2023-11-14T22:13:20.250000] 3: qr-11111111-22    inet 198.51.100.1/24 scope global qr-11111111-22\\"
        "       valid_lft forever preferred_lft forever\n"
    )
    assert address_event(line) == AddressEvent(1700000000.25, True, GATEWAY)


def test_an_address_that_goes_is_read() -> None:
    line = "[2023-11-14T22:13:20.250000] Deleted 4: qg-33333333-44    inet6 fd00:203:0:113::21/64 scope global nodad \\"
    assert address_event(line) == AddressEvent(1700000000.25, False, ("qg-33333333-44", "fd00:203:0:113::21/64"))


def test_lines_that_tell_of_no_address_are_passed_over() -> None:
    for line in (
        "",
        "[2023-11-14T22:13:20.250000] 3: qr-1",
        "Cannot open network namespace",
        "[nonsense] 3: a inet b c",
    ):
        assert address_event(line) is None
        assert link_event(line) is None


def test_an_interface_that_is_taken_down_is_neither_enabled_nor_connected() -> None:
    line = "[2023-11-14T22:13:20.000000] 4: eth2@if9: <BROADCAST,MULTICAST> mtu 1500 qdisc noqueue state DOWN"
    assert link_event(line) == LinkEvent(1700000000.0, "eth2", False, False)


def test_an_interface_without_carrier_is_enabled_all_the_same() -> None:
    line = "[2023-11-14T22:13:20.000000] 4: eth2: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN"
    assert link_event(line) == LinkEvent(1700000000.0, "eth2", True, False)


def test_an_interface_that_is_deleted_is_not_enabled() -> None:
    line = "[2023-11-14T22:13:20.000000] Deleted 4: eth2@NONE: <BROADCAST,MULTICAST,UP> mtu 1500 qdisc noop state DOWN"
    assert link_event(line) == LinkEvent(1700000000.0, "eth2", False, False)


def test_an_interface_that_leaves_a_bridge_is_not_deleted() -> None:
    line = "[2023-11-14T22:13:20.000000] Deleted 4: eth2: <BROADCAST,UP,LOWER_UP> mtu 1500 master brq0 state UP \\"
    assert link_event(line) is None


def test_the_watch_begins_and_ends_what_is_there_all_the_time() -> None:
    assert spans([GATEWAY], [], 10, 20) == {GATEWAY: [(10, 20)]}


def test_an_address_that_comes_and_goes_and_comes_has_two_spans() -> None:
    events = [AddressEvent(12, True, GATEWAY), AddressEvent(14, False, GATEWAY), AddressEvent(15, True, GATEWAY)]
    assert spans([], events, 10, 20) == {GATEWAY: [(12, 14), (15, 20)]}


def test_an_address_that_is_told_of_again_is_still_the_same() -> None:
    events = [AddressEvent(12, True, GATEWAY), AddressEvent(13, True, GATEWAY), AddressEvent(14, False, GATEWAY)]
    assert spans([GATEWAY], events, 10, 20) == {GATEWAY: [(10, 14)]}


def test_what_is_there_in_the_end_follows_from_what_happened() -> None:
    assert held_last([GATEWAY], [AddressEvent(12, False, GATEWAY), AddressEvent(13, True, FLOATING)]) == {FLOATING}


def test_two_nodes_overlap_only_while_both_have_the_same_address() -> None:
    nodes = {
        "network1": {GATEWAY: [(0.0, 20.0)], FLOATING: [(0.0, 12.0)]},
        "network2": {GATEWAY: [(15.0, 30.0)], FLOATING: [(11.0, 30.0)]},
    }
    assert overlap(nodes) == [(11.0, 12.0), (15.0, 20.0)]


def test_two_nodes_with_different_addresses_do_not_overlap() -> None:
    assert overlap({"network1": {GATEWAY: [(0.0, 20.0)]}, "network2": {FLOATING: [(0.0, 20.0)]}}) == []


def test_of_three_nodes_any_two_count() -> None:
    nodes = {"a": {GATEWAY: [(0.0, 1.0)]}, "b": {GATEWAY: [(5.0, 9.0)]}, "c": {GATEWAY: [(8.0, 10.0)]}}
    assert overlap(nodes) == [(8.0, 9.0)]


def test_handing_over_at_the_same_moment_is_no_overlap() -> None:
    assert both([(0, 5)], [(5, 9)]) == []


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda pair: (pair[0], pair[0] + pair[1])))


@given(SPANS, SPANS)
def test_spans_are_joined_and_cut_like_sets_of_moments(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    def moments(many: list[tuple[float, float]]) -> set[int]:
        return {at for start, end in many for at in range(int(start), int(end))}

    assert moments(union(one)) == moments(one)
    assert moments(both(one, other)) == moments(one) & moments(other)
    assert length(union(one)) == len(moments(one))
