from __future__ import annotations

import json
import re

import pytest

from tui.trials.trial import parse_state

OURS = {"type": "STREAM", "stream": {"stream_descriptor": {"name": "contacts"}, "stream_state": {"cursor": 1}}}


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("", None),
        ("  \n", None),
        ('{"cursor": 1}', {"cursor": 1}),
        (json.dumps([OURS]), {"cursor": 1}),
        (json.dumps(OURS), {"cursor": 1}),
        (json.dumps(OURS["stream"]), {"cursor": 1}),
    ],
)
def test_a_state_is_an_object_or_one_of_airbytes_messages(text: str, state: object) -> None:
    assert parse_state(text, "contacts") == state


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": ', "This is not JSON: line 1, column 7: a value is missing"),
        ("5", "A state is a JSON object"),
        ("[]", "The list holds no state of the stream `contacts`."),
        ('[1, {"stream": 2}]', "The list holds no state of the stream `contacts`."),
    ],
)
def test_anything_else_is_refused_in_a_sentence(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        parse_state(text, "contacts")
