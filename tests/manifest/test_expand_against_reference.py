"""Manifests expand to the very tree that Airbyte's runtime builds its components from."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.manifest.document import Document
from core.manifest.parameters import CUSTOM_TYPES, DEFAULT_TYPES
from core.manifest.resolver import Resolved, resolve_manifest
from tests.support.oracle import Oracle, OracleError

SAME_AS_AIRBYTE = {
    "a reference string stands for a scalar, a list or a mapping": """
        definitions: {limit: 50, names: [a, b], extractor: {type: DpathExtractor, field_path: [data]}}
        metadata: {one: "#/definitions/limit", two: "#/definitions/names", three: "#/definitions/extractor"}
        """,
    "keys beside a reference win, one level deep": """
        definitions: {base: {x: 1, y: {v: 1, w: 1}, z: 3}}
        metadata: {$ref: "#/definitions/base", y: {w: 2}, x: null}
        """,
    "a target that is no mapping replaces what stands beside the reference": """
        definitions: {list: [1, 2], text: hello}
        metadata: {one: {$ref: "#/definitions/list", x: 1}, two: {$ref: "#/definitions/text", x: 1}}
        """,
    "chains of references, the outermost winning": """
        definitions:
          a: {x: 1, y: 1, z: 1}
          b: {$ref: "#/definitions/a", y: 2, z: 2}
          c: {$ref: "#/definitions/b", z: 3}
          d: "#/definitions/c"
        metadata: {one: "#/definitions/d", two: {$ref: "#/definitions/d"}, three: {$ref: "#/definitions/d", x: 0}}
        """,
    "keys that hold slashes": """
        x/y: 5
        x: {y: 6}
        definitions: {a: {"b/c": {d: 7}}, "p/q": {r: {s: 9}}}
        metadata: {z: "#/x/y", w: "#/definitions/a/b/c", v: "#/definitions/p/q"}
        """,
    "list indexes": """
        streams: [{name: one}, {name: two, k: [10, [20, 30]]}]
        metadata: {a: "#/streams/0", b: "#/streams/1/k/1/0", c: "#/streams/-1/name"}
        """,
    "numbers as keys": """
        definitions: {codes: {200: {x: fine}, "404": missing}}
        metadata: {a: "#/definitions/codes/200/x", b: "#/definitions/codes/404"}
        """,
    "a trailing slash": """
        definitions: {a: {x: 1}}
        metadata: {a: "#/definitions/a/"}
        """,
    "references are looked up in the original tree": """
        definitions:
          a: {$ref: "#/definitions/b", inner: {k: 1}}
          b: {inner: {k: 2, l: 3}}
        metadata: {one: "#/definitions/a/inner", two: "#/definitions/b/inner"}
        """,
    "references inside lists and inside referenced values": """
        definitions: {h: {A: "#/definitions/v"}, v: 1, l: ["#/definitions/h", {$ref: "#/definitions/h", B: 2}]}
        metadata: {x: "#/definitions/l"}
        """,
    "only text that begins with the sign is a reference": """
        metadata: {a: "see #/definitions", b: "*ref(definitions.x)", c: "#definitions/x", d: " #/x"}
        """,
    "the settings that a check overrides are no references": """
        check: {type: CheckStream, stream_names: [a], config_overrides: {page: "#/home", deep: {x: ["#/y"]}}}
        """,
    "a reference that is itself a mapping": """
        metadata: {x: {$ref: {a: 1, b: 2}, b: 3}, y: {$ref: 5, b: 1}}
        """,
    "default types": """
        check: {stream_names: [a]}
        spec: {connection_specification: {type: object, properties: {key: {type: string}}}}
        streams:
        - name: a
          schema_loader: {file_path: x}
          retriever:
            requester: {url_base: "https://x", error_handler: {response_filters: [{action: IGNORE}]}}
            record_selector: {extractor: {field_path: [a]}, record_filter: {condition: "{{ true }}"}}
            paginator: {}
            partition_router: {type: SubstreamPartitionRouter, parent_stream_configs: [{parent_key: id, stream: {}}]}
          incremental_sync: {type: DatetimeBasedCursor, start_datetime: {datetime: x}, end_datetime: "2024"}
          transformations: [{type: AddFields, fields: [{path: [a], value: b}]}]
        """,
    "a mapping with a class name gets a custom type or none": """
        streams:
        - type: DeclarativeStream
          retriever: {class_name: a.B}
          transformations: [{class_name: a.C}]
          schema_loader: {class_name: a.D}
        """,
    "parameters go down to every component, own ones win": """
        streams:
        - type: DeclarativeStream
          $parameters: {name: users, path: /users, primary_key: id, url_base: outer}
          retriever:
            type: SimpleRetriever
            $parameters: {url_base: inner}
            requester: {type: HttpRequester, path: "{{ parameters.path }}"}
            record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
        """,
    "a falsy field is overridden by a parameter": """
        streams:
        - type: DeclarativeStream
          $parameters: {flag: true, number: 5, text: hello, list: [1], mapping: {a: 1}, none: 0}
          flag: false
          number: 0
          text: ""
          list: []
          mapping: {}
          none: null
        """,
    "a truthy field is kept": """
        streams:
        - {type: DeclarativeStream, name: mine, $parameters: {name: theirs}}
        """,
    "a parameter is not passed to the field of its own name": """
        streams:
        - type: DeclarativeStream
          $parameters: {retriever: {type: SimpleRetriever, a: 1}, path: /x}
          schema_loader: {type: InlineSchemaLoader}
        """,
    "a falsy parameter named like a field that holds a collection is lost on the way": """
        streams:
        - type: DeclarativeStream
          $parameters: {retriever: null, transformations: [], path: /x}
          retriever: {type: SimpleRetriever}
          transformations: [{type: RemoveFields}]
          schema_loader: {type: InlineSchemaLoader}
        """,
    "a list as a parameter": """
        streams:
        - type: DeclarativeStream
          $parameters: {transformations: [{type: AddFields, fields: [{path: [a]}]}], path: /x}
          retriever: {type: SimpleRetriever, requester: {type: HttpRequester}}
        """,
    "parameters do not enter schemas": """
        streams:
        - type: DeclarativeStream
          $parameters: {name: x, title: y}
          schema_loader:
            type: InlineSchemaLoader
            schema: {type: object, properties: {a: {type: string}, b: {type: {type: string}}}}
          other: {type: [object, "null"], properties: {type: {type: object}}}
          another: {type: ["null", object], $parameters: {a: 1}}
        """,
    "parameters go one level into mappings without a type": """
        streams:
        - type: DeclarativeStream
          $parameters: {name: x}
          untyped:
            query: {type: QueryProperties, deep: {type: Inner}}
            plain: {deeper: {type: Never}}
            list: [{type: Never}]
          nothing: {inner: {deepest: {type: Never}}}
          nested_lists: [[{type: Never}], {type: Reached}]
        """,
    "parameters on a mapping without a type": """
        metadata: {$parameters: {a: 1}, x: {type: T}, y: 2}
        streams: [{type: DeclarativeStream, untyped: {$parameters: {a: 1}, y: 2}}]
        """,
    "parameters at the top": """
        $parameters: {region: eu}
        streams: [{type: DeclarativeStream, retriever: {type: SimpleRetriever, $parameters: {x: 1}}}]
        """,
    "parameters beside and inside references": """
        definitions:
          base: {type: HttpRequester, $parameters: {a: 1, b: 1}, authenticator: {type: NoAuth}}
          shared: {type: RecordSelector, extractor: {type: DpathExtractor}}
        streams:
        - type: DeclarativeStream
          $parameters: {b: 2, c: 2}
          retriever:
            type: SimpleRetriever
            requester: {$ref: "#/definitions/base", $parameters: {b: 3}}
            record_selector: "#/definitions/shared"
        - type: DeclarativeStream
          retriever: {type: SimpleRetriever, requester: "#/definitions/base", record_selector: "#/definitions/shared"}
        """,
    "a parameter that is a component": """
        streams:
        - type: DeclarativeStream
          $parameters: {requester: {type: HttpRequester, path: /x}, k: v}
          retriever: {type: SimpleRetriever, record_selector: {type: RecordSelector}}
        """,
    "anchors, aliases and merges": """
        definitions: {base: &base {a: 1, b: {c: 2}}, list: &list [1, 2]}
        metadata: {x: {<<: *base, a: 5}, y: *list, z: {<<: [{b: 1}, *base]}, w: *base}
        """,
    "the types of YAML 1.1": """
        metadata: {a: on, b: 2024-01-01, c: 012, d: 1_000, e: 1:30, f: ~, g: 1e3, h: 1.5e+3, i: 0x1F, j: no}
        """,
}


@pytest.mark.parametrize("manifest", SAME_AS_AIRBYTE.values(), ids=SAME_AS_AIRBYTE.keys())
def test_a_manifest_expands_as_in_airbyte(oracle: Oracle, manifest: str) -> None:
    expanded = _expand(manifest)

    assert expanded.problems == ()
    assert _comparable(expanded.tree) == oracle.ask("manifest", "expand", manifest)


KEYS = ["type", "name", "retriever", "streams", "requester", "schema_loader", "class_name", "x", "list"]
LEAVES = ["DeclarativeStream", "SimpleRetriever", "HttpRequester", "object", "", "text", 0, 5, False, True, None]
REFERENCES = ["#/definitions/a", "#/definitions/b", "#/definitions/b/x", "#/streams/0", "#/definitions/a/retriever"]
PARAMETERS = st.dictionaries(
    st.sampled_from(KEYS[1:]),
    st.sampled_from(LEAVES)
    | st.builds(lambda name: {"type": name}, st.sampled_from(["X", "HttpRequester"]))
    | st.just([{"type": "X"}, 1]),
    max_size=3,
)


def _mappings(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["DeclarativeStream", "SimpleRetriever", "HttpRequester", "object"]),
            "$ref": st.sampled_from(REFERENCES),
            "$parameters": PARAMETERS,
            **dict.fromkeys(KEYS[1:], inner),
        },
    )


TREES = st.recursive(
    st.sampled_from(LEAVES + REFERENCES), lambda inner: _mappings(inner) | st.lists(inner, max_size=2), max_leaves=12
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(a=TREES, b=TREES, streams=st.lists(TREES, min_size=1, max_size=2), top=TREES)
def test_random_manifests_expand_as_in_airbyte(oracle: Oracle, a: Any, b: Any, streams: Any, top: Any) -> None:
    used = {"top": top, "a": "#/definitions/a", "b": "#/definitions/b"}
    manifest = json.dumps({"definitions": {"a": a, "b": b}, "streams": streams, "metadata": used})

    expanded = _expand(manifest)

    if expanded.problems:
        with pytest.raises(OracleError):
            oracle.ask("manifest", "expand", manifest)
    else:
        assert expanded.tree == oracle.ask("manifest", "expand", manifest)


def test_the_default_types_are_those_of_airbyte(oracle: Oracle) -> None:
    default, custom = oracle.ask("manifest", "default_types")

    for table, expected in ((DEFAULT_TYPES, default), (CUSTOM_TYPES, custom)):
        flat = {f"{parent}.{name}": type_ for parent, fields in table.items() for name, type_ in fields.items()}
        assert flat == expected


def _expand(text: str) -> Resolved:
    return resolve_manifest(Document.parse(text))


def _comparable(value: Any) -> Any:
    """As JSON would carry it."""
    if isinstance(value, dict):
        return {str(key): _comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return str(value) if isinstance(value, datetime.date) else value
