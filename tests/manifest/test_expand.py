"""Broken references, parameters that blow up, and where an expanded value comes from."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml

from core.manifest.document import Document
from core.manifest.problems import Position, Severity
from core.manifest.resolver import Resolved, resolve_manifest
from tests.support.oracle import Oracle, OracleError

BROKEN_REFERENCES = {
    "a reference that leads nowhere": (
        """
definitions: {requester: {type: HttpRequester}}
metadata:
  a: "#/definitions/requestr"
  b: fine
""",
        "The reference `#/definitions/requestr` leads nowhere.",
        "did you mean `#/definitions/requester`?",
        Position(4, 3),
    ),
    "a wrong turn in the middle": (
        "definitions: {linked: {Http: {url: x}}}\nmetadata: {a: '#/definitons/linked/Http/url', b: fine}\n",
        "The reference `#/definitons/linked/Http/url` leads nowhere.",
        "did you mean `#/definitions/linked/Http/url`?",
        Position(2, 12),
    ),
    "a list index that is too high": (
        "streams: [{name: a}]\nmetadata:\n  a: {$ref: '#/streams/4'}\n  b: fine\n",
        "The reference `#/streams/4` leads nowhere.",
        None,
        Position(3, 7),
    ),
    "a reference to itself": (
        "metadata:\n  a: '#/metadata/a'\n  b: fine\n",
        "The references go round in a circle: metadata.a > metadata.a.",
        None,
        Position(2, 3),
    ),
    "two references to each other": (
        "definitions: {x: {y: '#/metadata/a'}}\nmetadata: {b: fine, a: {$ref: '#/definitions/x'}}\n",
        "The references go round in a circle: "
        "metadata.a > metadata.a.$ref > definitions.x > definitions.x.y > metadata.a.",
        None,
        Position(1, 19),
    ),
    "a reference to what is around it": (
        "metadata: {a: {c: '#/metadata'}, b: fine}\n",
        "The references go round in a circle: metadata > metadata.a > metadata.a.c > metadata.",
        None,
        Position(1, 16),
    ),
    "a reference to everything": (
        "metadata: {a: '#/', b: fine}\n",
        "The references go round in a circle: the top > metadata > metadata.a > the top.",
        None,
        Position(1, 12),
    ),
}


@pytest.mark.parametrize(
    ("manifest", "message", "hint", "position"), BROKEN_REFERENCES.values(), ids=BROKEN_REFERENCES.keys()
)
def test_a_broken_reference_is_a_problem_and_the_rest_is_expanded(
    oracle: Oracle, manifest: str, message: str, hint: str | None, position: Position
) -> None:
    expanded = _expand(manifest)

    assert [problem.message for problem in expanded.problems] == [message]
    assert expanded.problems[0].hint == hint
    assert expanded.problems[0].position == position
    assert expanded.tree["metadata"]["b"] == "fine"
    with pytest.raises(OracleError):
        oracle.ask("manifest", "expand", manifest)


def test_every_broken_reference_is_reported_once() -> None:
    expanded = _expand(
        """
        definitions: {base: {x: "#/nowhere"}}
        metadata: {a: "#/definitions/base", b: "#/definitions/base", c: "#/elsewhere"}
        """
    )

    assert [problem.path for problem in expanded.problems] == [("definitions", "base", "x"), ("metadata", "c")]


def test_broken_references_in_unused_definitions_are_warnings() -> None:
    expanded = _expand(
        "definitions: {a: '#/nowhere', b: '#/definitions/b', c: '#/elsewhere'}\nschemas: {x: '#/y'}\n"
        "streams: ['#/definitions/c']"
    )

    assert [(problem.path, problem.severity) for problem in expanded.problems] == [
        (("definitions", "c"), Severity.ERROR),
        (("definitions", "a"), Severity.WARNING),
        (("definitions", "b"), Severity.WARNING),
        (("schemas", "x"), Severity.WARNING),
    ]
    assert expanded.faults(("streams", 0)) == {("definitions", "c")}
    assert expanded.tree == {"streams": [None], "type": "DeclarativeSource"}


def test_a_reference_without_its_sign_is_warned_about() -> None:
    expanded = _expand("definitions: {a: 1}\nmetadata: {x: {$ref: definitions.a}}\n")

    assert expanded.tree["metadata"] == {"x": "definitions.a"}
    assert [(problem.severity, problem.hint) for problem in expanded.problems] == [
        (Severity.WARNING, 'write it as "#/definitions/a"')
    ]


def test_parameters_that_are_not_a_mapping_are_a_problem() -> None:
    expanded = _expand("streams:\n- type: DeclarativeStream\n  $parameters: [a]\n  name: x\n")

    assert [(str(problem)) for problem in expanded.problems] == [
        "3:3: `$parameters` has to be a mapping of names to values."
    ]
    assert expanded.tree["streams"] == [{"type": "DeclarativeStream", "name": "x", "$parameters": None}]
    assert expanded.faults(("streams", 0))


BOMBS = {
    "references doubling": "definitions:\n"
    + "".join(f"  a{i}: {{x: '#/definitions/a{i + 1}', y: '#/definitions/a{i + 1}'}}\n" for i in range(60))
    + "  a60: {z: 1}\nmetadata: {bomb: '#/definitions/a0'}\n",
    "typed references doubling": "definitions:\n"
    + "".join(
        f"  a{i}: {{type: T, $parameters: {{p{i}: 1}}, x: '#/definitions/a{i + 1}', y: '#/definitions/a{i + 1}'}}\n"
        for i in range(60)
    )
    + "  a60: {z: 1}\nmetadata: {type: T, bomb: '#/definitions/a0'}\n",
    "parameters that fill each other": "metadata:\n  type: T\n  $parameters:\n"
    + "".join(f"    p{i}: {{type: T}}\n" for i in range(30)),
    "a large parameter in many components": "metadata:\n  type: T\n  $parameters:\n    p:\n      q: ["
    + ", ".join(["x"] * 2000)
    + "]\n"
    + "".join(f"  c{i}: {{type: T}}\n" for i in range(1000)),
    "one reference after the other": "definitions:\n"
    + "".join(f"  a{i}: '#/definitions/a{i + 1}'\n" for i in range(5000))
    + "  a5000: 1\nmetadata: {bomb: '#/definitions/a0'}\n",
}


@pytest.mark.parametrize("manifest", BOMBS.values(), ids=BOMBS.keys())
def test_a_manifest_that_blows_up_is_refused_quickly(manifest: str) -> None:
    document = Document.parse(manifest)
    started = time.process_time()

    expanded = resolve_manifest(document)

    assert sum(problem.severity is Severity.ERROR for problem in expanded.problems) == 1
    assert time.process_time() - started < 10


@pytest.mark.parametrize("manifest", BOMBS.values(), ids=BOMBS.keys())
def test_a_stream_that_blows_up_takes_no_other_with_it(manifest: str) -> None:
    tree = yaml.safe_load(manifest)
    tree["streams"] = [{"type": "T", "x": "one"}, tree.pop("metadata"), {"type": "T", "x": "two"}]
    started = time.process_time()

    expanded = resolve_manifest(Document.parse(yaml.safe_dump(tree)))

    assert [stream and stream["x"] for stream in expanded.tree["streams"][::2]] == ["one", "two"]
    assert [bool(expanded.faults(("streams", index))) for index in range(3)] == [False, True, False]
    assert time.process_time() - started < 10


def test_a_large_manifest_expands_quickly_and_shares_what_is_shared() -> None:
    properties = "".join(f"        p{i}: {{type: string, description: the property}}\n" for i in range(2000))
    streams = "".join(
        f"""- {{type: DeclarativeStream, $parameters: {{name: s{i}}}, retriever: {{$ref: "#/definitions/retriever"}},
           schema_loader: {{type: InlineSchemaLoader, schema: "#/definitions/schema"}}}}\n"""
        for i in range(80)
    )
    document = Document.parse(
        f"""
definitions:
    retriever: {{type: SimpleRetriever, requester: {{type: HttpRequester, path: x}}}}
    schema:
      type: object
      properties:
{properties}
streams:
{streams}"""
    )
    started = time.process_time()

    tree = resolve_manifest(document).tree

    assert time.process_time() - started < 3
    schemas = [stream["schema_loader"]["schema"] for stream in tree["streams"]]
    assert all(schema is schemas[0] for schema in schemas)


def test_many_streams_may_share_what_is_large() -> None:
    columns = "".join(f"        p{i}: {{type: [string, 'null']}}\n" for i in range(3000))
    entries = "".join(
        f"- {{type: DeclarativeStream, name: s{i}, schema_loader: {{type: InlineSchemaLoader, "
        'schema: "#/definitions/schema"}}\n'
        for i in range(150)
    )
    document = Document.parse(f"definitions:\n    schema:\n      properties:\n{columns}\nstreams:\n{entries}")
    started = time.process_time()

    expanded = resolve_manifest(document)

    assert not expanded.problems
    assert all(expanded.tree["streams"])
    assert time.process_time() - started < 3


ORIGINS = """
definitions:
  auth: {type: BearerAuthenticator, api_token: x}
  base:
    type: HttpRequester
    headers: {A: 1}
    authenticator: "#/definitions/auth"
streams:
- $parameters: {path: /x, page: {size: 5}}
  retriever:
    requester:
      $ref: "#/definitions/base"
      method: GET
- $ref: "#/streams/0"
"""


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ((), ()),
        (("type",), ()),
        (("streams", 0, "type"), ("streams", 0)),
        (("streams", 0, "path"), ("streams", 0, "$parameters", "path")),
        (("streams", 0, "$parameters"), ("streams", 0, "$parameters")),
        (("streams", 0, "retriever", "requester", "page", "size"), ("streams", 0, "$parameters", "page", "size")),
        (("streams", 0, "retriever", "requester"), ("streams", 0, "retriever", "requester")),
        (("streams", 0, "retriever", "requester", "method"), ("streams", 0, "retriever", "requester", "method")),
        (("streams", 0, "retriever", "requester", "headers", "A"), ("definitions", "base", "headers", "A")),
        (("streams", 0, "retriever", "requester", "authenticator"), ("definitions", "auth")),
        (("streams", 0, "retriever", "requester", "authenticator", "nothing"), ("definitions", "auth", "nothing")),
        (("streams", 1), ("streams", 0)),
        (("streams", 7, "name"), ("streams", 7, "name")),
    ],
)
def test_the_origin_of_a_value_is_where_it_is_written(path: Any, origin: Any) -> None:
    assert _expand(ORIGINS).origin(path) == origin


def test_expanding_leaves_the_raw_tree_alone() -> None:
    document = Document.parse(ORIGINS)
    before = repr(document.root)

    resolve_manifest(document)

    assert repr(document.root) == before


def _expand(text: str) -> Resolved:
    return resolve_manifest(Document.parse(text))
