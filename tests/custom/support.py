"""A stream whose records custom code transforms, in one of the ways in which that can go wrong."""

from __future__ import annotations

from core.custom.permission import CustomCode
from tests.custom.test_against_reference import CONFIG, custom, items, manifest
from tests.support.custom import allowed
from tests.support.reading import Told, read_all
from tests.support.server import LoopbackServer


def bad(server: LoopbackServer, what: str) -> str:
    return manifest(server, stream={"transformations": [custom("Transformation", "Bad", what=what)]})


async def read(server: LoopbackServer, what: str, code: CustomCode | None = None, count: int = 3) -> Told:
    server.on("/items", items(count))
    return await read_all(bad(server, what), CONFIG, custom=code or allowed())
