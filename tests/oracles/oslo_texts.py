"""Strategies: texts of configuration files, tidy and not, and values to put into them."""

from __future__ import annotations

from hypothesis import strategies as st

SECTIONS = ["DEFAULT", "vxlan", "VXLAN", "agent", "default"]
OPTIONS = ["l3_ha", "L3_HA", "drivers", "password", "o"]

spaces = st.sampled_from(["", " ", "  ", "\t"])
short = st.text(alphabet="ab,=:#;[]\"'$ é\t", max_size=6)
headers = st.sampled_from(SECTIONS).map("[{}]".format)
comments = st.builds(
    "{}{}{}{}".format,
    st.sampled_from("#;"),
    spaces,
    st.sampled_from([*OPTIONS, ""]),
    st.sampled_from(["", " = a", "=b"]),
)
assignments = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(OPTIONS),
    spaces,
    st.sampled_from("=:"),
    spaces,
    st.one_of(short, st.just("a, b,c")),
)
continuations = st.builds("{}{}".format, st.sampled_from([" ", "\t", "    "]), short)
blanks = st.sampled_from(["", "", " ", "\t "])
junk = st.text(alphabet="ab[]=:#; \t\"'\x0b\x0c\x1c\x85\xa0\u2028\ufeff", max_size=6)

_ends = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])


@st.composite
def _joined(draw: st.DrawFn, lines: st.SearchStrategy[list[str]]) -> str:
    end = draw(_ends)
    return end.join(draw(lines)) + draw(st.sampled_from(["", end]))


anything = st.one_of(
    _joined(st.lists(st.one_of(headers, comments, assignments, continuations, blanks, junk), max_size=12)),
    st.text(alphabet="ab[]=:#; \t\n\r\"'\x0c\x1c\x85\xa0", max_size=30),
)

_options = st.builds(lambda first, more: [first, *more], assignments, st.lists(continuations, max_size=2))
_blocks = st.one_of(_options, _options, comments.map(lambda line: [line]), blanks.map(lambda line: [line]))
_bodies = st.lists(_blocks, max_size=6).map(lambda blocks: [line for block in blocks for line in block])
_stretches = st.builds(lambda header, body: [header, *body], headers, _bodies)
# Only comments and blank lines may stand before the first section.
_preambles = st.lists(st.one_of(comments, st.just("")), max_size=2)
readable = _joined(
    st.builds(
        lambda preamble, stretches: [*preamble, *(line for stretch in stretches for line in stretch)],
        _preambles,
        st.lists(_stretches, max_size=5),
    )
)

values = st.one_of(
    short,
    st.text(alphabet="ab \"'", max_size=4),
    st.lists(st.text(alphabet="ab=:#[", max_size=3), min_size=2, max_size=3).map("\n".join),
    st.text(max_size=8),
)
items = st.text(alphabet="abc =:#'\"", min_size=1, max_size=4).filter(lambda item: item == item.strip())
