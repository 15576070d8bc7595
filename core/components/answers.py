"""The answer of the API to a creation, polling or target request, as templates and extractors see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import httpx

from core.components.decoders import DecodeError, JsonDecoder, XmlDecoder, decode_all
from core.components.roles import Decoder, Extractor
from core.http.charsets import charset_of
from core.http.messages import json_body


@dataclass(frozen=True)
class Answer:
    """A response, decoded.

    `variables` is what templates get as `creation_response` or `polling_response`: the keys of the body when it is a
    mapping, and beside them (unless the body has such keys itself) `headers`, `status_code`, `request`, `body` (what
    the decoder made of it) and `text`.
    """

    response: httpx.Response
    elements: list[Any]
    variables: dict[str, Any]

    @classmethod
    def of(cls, response: httpx.Response, decoder: Decoder) -> Answer:
        """Decode a response that was read completely.

        A body that the decoder can't read is no error here: a 202 with a `Location` header and an empty or plain
        body is enough to poll by. It is then taken for what its Content-Type says: JSON, XML, a form or text.
        """
        elements = _elements(response, decoder)
        body = elements[0] if len(elements) == 1 else elements
        request = response.request
        extra = {
            "headers": response.headers,
            "status_code": response.status_code,
            "request": {"url": str(request.url), "method": request.method, "headers": request.headers},
            "body": body if elements else None,
            "text": response.text,
        }
        return cls(response, elements, {**extra, **body} if isinstance(body, Mapping) else extra)

    def find(self, extractor: Extractor, variables: Mapping[str, Any]) -> Iterator[Any]:
        """What the extractor finds in the body, else beside it (`headers`, `status_code`, `text`)."""
        extract = extractor.bind(variables)
        found = False
        for element in self.elements:
            for value in extract(element):
                found = True
                yield value
        if not found:
            yield from extract(self.variables)

    def find_as_is(self, extractor: Extractor, variables: Mapping[str, Any]) -> list[Any]:
        """What is at the extractor's place in the body, else beside it, empty or not; nothing when there is no such
        place.
        """
        extract = extractor.bind_as_is(variables)
        elements = self.elements or ([[]] if json_body(self.response) == [] else [])
        return [value for element in elements for value in extract(element)] or list(extract(self.variables))


def _elements(response: httpx.Response, decoder: Decoder) -> list[Any]:
    if not response.content.strip():
        return []
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    for candidate in (decoder, *_decoders_for(kind)):
        try:
            return decode_all(candidate, response.content, charset_of(response))
        except DecodeError:
            continue
    if kind == "application/x-www-form-urlencoded":
        return [dict(parse_qsl(response.text, keep_blank_values=True))]
    return []


def _decoders_for(kind: str) -> list[Decoder]:
    if kind.endswith("xml"):
        return [XmlDecoder()]
    return [JsonDecoder()] if kind.endswith("json") else []
