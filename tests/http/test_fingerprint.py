"""What tells whether a body that is sent again is the same one."""

from __future__ import annotations

import random

import pytest

from core.http.fingerprint import BLOCK, Fingerprint
from tests.support.bodies import pieces

BODY = random.Random(11).randbytes(3 * BLOCK + 100)


def fingerprint(body: bytes, size: int) -> bytes:
    found = Fingerprint()
    for piece in pieces(body, size):
        found.update(piece)
    return found.digest()


@pytest.mark.parametrize("size", [7, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5, len(BODY)])
def test_it_does_not_depend_on_how_the_body_arrives(size: int) -> None:
    assert fingerprint(BODY, size) == fingerprint(BODY, 1_000)


@pytest.mark.parametrize("place", [0, BLOCK - 1, BLOCK, 2 * BLOCK + 1, len(BODY) - 1])
def test_a_byte_that_differs_shows_wherever_it_is(place: int) -> None:
    changed = bytearray(BODY)
    changed[place] ^= 1
    assert fingerprint(bytes(changed), 1_000) != fingerprint(BODY, 1_000)


def test_blocks_that_changed_places_and_a_shorter_body_show() -> None:
    swapped = BODY[BLOCK : 2 * BLOCK] + BODY[:BLOCK] + BODY[2 * BLOCK :]
    assert len({fingerprint(body, BLOCK) for body in (BODY, swapped, BODY[:-1], BODY[:BLOCK], b"")}) == 5


def test_a_digest_may_be_asked_for_in_between() -> None:
    found = Fingerprint()
    found.update(BODY[:10])
    assert found.digest() == fingerprint(BODY[:10], 10)
    found.update(BODY[10:])
    assert found.digest() == fingerprint(BODY, 1_000)
