"""The files of streams: each has one of its own, whatever the names are and whatever the file system takes for one."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.outputs.destination import file_names

VIEWS: list[Callable[[str], str]] = [
    str.casefold,
    str.upper,
    str.lower,
    lambda name: unicodedata.normalize("NFC", name),
    lambda name: unicodedata.normalize("NFD", name).upper(),
    lambda name: unicodedata.normalize("NFC", name.casefold()),
]
"""How file systems look at a name."""


def digits(stream: str) -> str:
    return hashlib.sha256(stream.encode()).hexdigest()[:8]


@pytest.mark.parametrize("stream", ["users", "Ad Groups", "user.events", "straße", "v2+(beta)", "report-20240101"])
def test_a_harmless_name_is_the_file_name(stream: str) -> None:
    assert file_names(["users", stream])[stream] == stream


@pytest.mark.parametrize(
    "stream",
    [
        *("a/b", "../up", "..", "", ".hidden", "a:b", "CON", "nul.txt", "Com1 .x", "lpt²", "a.", "a "),
        *("x" * 300, "é" * 200, "a\nb", "\ud800", "e\u0301"),
    ],
)
def test_other_names_are_made_safe_and_stay_the_same(stream: str) -> None:
    name = file_names([stream])[stream]
    assert name == file_names([stream, "another"])[stream]
    assert name != stream
    assert not set(name) & set("/\\:\n\0")
    assert not name.startswith(".")
    assert len(name.encode()) < 200


@pytest.mark.parametrize(
    "streams",
    [
        ("Users", "users"),
        ("a/b", "a:b", "a_b"),
        ("\u00e9t\u00e9", "e\u0301te\u0301"),
        ("STRASSE", "straße"),
        ("\u212a", "k"),
        ("a", "a.", "a ", "a.jsonl", "a.jsonl.partial"),
        ("x" * 130 + "1", "x" * 130 + "2", "x" * 120),
        ("a/b", f"a_b-{digits('a/b')}", f"A_B-{digits('a/b').upper()}"),
        ("con", "con-1", f"con-{digits('con')}"),
    ],
)
def test_names_that_clean_up_to_the_same_get_a_file_each(streams: tuple[str, ...]) -> None:
    names = file_names(streams)
    for view in VIEWS:
        assert len({view(f"{name}.jsonl") for name in names.values()}) == len(streams)
    assert names == file_names(reversed(streams))


NAMES = st.text(st.sampled_from("aAbé\u0301ßSsıİK\u212a./: _-"), max_size=6)


@given(st.lists(NAMES, unique=True, max_size=8))
def test_no_two_streams_ever_share_a_file(streams: list[str]) -> None:
    files = [f"{name}.jsonl" for name in file_names(streams).values()]
    everything = [*files, *(f"{file}.partial" for file in files)]
    for view in VIEWS:
        assert len({view(name) for name in everything}) == len(everything)
