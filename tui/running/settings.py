"""What a person sets for the test of a stream: how much is read, and from which state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.reading.limits import Limits

TEST_LIMITS = Limits(records=1000, pages=5, slices=5, attempts=1)
"""A job that fails in a test is there to be looked at, so it is not created again (nor does Airbyte in its tests)."""


@dataclass(frozen=True, slots=True)
class TestSettings:
    """The limits of a test read and the state that it starts from (None: from the beginning)."""

    __test__ = False

    limits: Limits = TEST_LIMITS
    state: Mapping[str, Any] | None = None


def parse_state(text: str, stream: str) -> Mapping[str, Any] | None:
    """The input state of a stream from what a person typed: nothing, an object, or Airbyte's list of state messages.

    Raises `ValueError` with a sentence that says what is wrong.
    """
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"This is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    if isinstance(value, list):
        return _of_stream(value, stream)
    if not isinstance(value, dict):
        raise ValueError("A state is a JSON object, such as the one on the State tab.")  # noqa: TRY004 - of the text
    if "stream_state" in value or "stream" in value:
        return _of_stream([value], stream)
    return value


def _of_stream(messages: list[Any], stream: str) -> Mapping[str, Any]:
    for message in messages:
        inner = message.get("stream", message) if isinstance(message, dict) else {}
        named = inner.get("stream_descriptor", {}).get("name") if isinstance(inner, dict) else None
        if named == stream and isinstance(inner.get("stream_state"), dict):
            state: Mapping[str, Any] = inner["stream_state"]
            return state
    raise ValueError(f"The list holds no state of the stream `{stream}`.")
