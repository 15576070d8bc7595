"""What a run says of inputs before it begins."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from core.command.run import warnings_of
from core.connector import load_connector
from core.manifest.document import Document
from docs.component_reference import minimal_manifest


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"zone": "eu"}, []),
        ({}, ["the template uses the input `zone`, which the `spec` doesn't name"]),
        (
            {"zoen": "eu"},
            [
                "the template uses the input `zone`, which the `spec` doesn't name",
                "`zoen` is not an input of this connector",
            ],
        ),
        ({"zone": "eu", "kidn": "x"}, ["`kidn` is not an input of this connector; did you mean `kind`?"]),
    ],
)
def test_an_input_that_is_given_and_used_is_not_warned_about(config: dict[str, Any], words: list[str]) -> None:
    manifest = minimal_manifest()
    manifest["streams"][0]["retriever"]["requester"]["request_headers"] = {"X-Zone": "{{ config['zone'] }}"}
    connector = load_connector(Document.parse(yaml.safe_dump(manifest)))

    said = warnings_of(connector, config)

    assert len(said) == len(words)
    assert all(word in warning for word, warning in zip(words, said, strict=True))
