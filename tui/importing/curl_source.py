"""`curl` commands to take streams from."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from core.wording import one_line
from tui.importing.curl import CurlRequest, curl_requests
from tui.importing.drafts import ImportRefused, Offer, StreamDraft
from tui.importing.input_drafts import InputCollector
from tui.importing.marks import replaced
from tui.importing.material import Material
from tui.importing.requests import name_of, requester_of, stream_of

_URL_SHOWN = 60
_COMMAND = re.compile(r"^[ \t]*(?:[$%] )?curl(?:\.exe)?[ \t]", re.M)
_ADDRESS = re.compile(r"https?://[^\s'\"]{1,20000}", re.I)


@dataclass(frozen=True, slots=True)
class CurlSource:
    """The requests of commands."""

    requests: Sequence[CurlRequest]

    @property
    def title(self) -> str:
        return "curl command" if len(self.requests) == 1 else "curl commands"

    def offers(self) -> list[Offer]:
        """One for each request."""
        return [Offer(str(place), _line(one), recommended=True) for place, one in enumerate(self.requests)]

    def drafts(self, keys: Sequence[str]) -> list[StreamDraft]:
        """The streams of the chosen requests; they share their inputs."""
        return [_draft(one) for place, one in enumerate(self.requests) if str(place) in keys]


def read_curl(material: Material) -> CurlSource | None:
    """The commands in a text; None when there are none. Raises ImportRefused when they can't be read.

    An address alone is one to get.
    """
    address = material.text.strip()
    if _ADDRESS.fullmatch(address):
        return CurlSource(curl_requests(f"curl -g {shlex.quote(address)}"))
    if "curl" not in material.text or material.mapping:
        return None
    try:
        return CurlSource(curl_requests(material.text))
    except ImportRefused:
        if _COMMAND.search(material.text):
            raise
        return None


def _draft(request: CurlRequest) -> StreamDraft:
    collector = InputCollector(request.known)
    requester = requester_of(request, collector)
    return stream_of(name_of(request.url), requester, collector.inputs, tuple(request.notes))


def _line(request: CurlRequest) -> str:
    plain = str(replaced(request.url, lambda name: f"${name}"))
    return f"{request.method} {one_line(plain.partition('://')[2] or plain, _URL_SHOWN)}"
