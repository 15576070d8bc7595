"""Whatever is done to a manifest, loading it gives ordinary problems, and the streams that were left alone are read."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.connector import Connector, load_connector
from core.manifest.document import Document
from core.manifest.problems import ManifestError
from sample_configs import samples
from tests.faults.test_wrong_manifests import WRONG

LONE = {
    "type": "DeclarativeStream",
    "name": "left alone",
    "retriever": {
        "type": "SimpleRetriever",
        "requester": {"type": "HttpRequester", "url": "https://x.example"},
        "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}},
    },
}
TREES = [yaml.safe_load(sample.path.read_text(encoding="utf-8")) for sample in samples()]
ODD = [*WRONG, "x" * 3000, {"$ref": "#/"}, {"$ref": "#/streams/0"}, {"$ref": "#/streams/0/retriever"}, {"": None}]


def places(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a tree."""
    yield path
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield from places(value, (*path, key))


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def changed(tree: Any, draw: st.DataObject) -> None:
    """Delete, replace, double, move or rename a value in one of the streams, or in what streams share."""
    tops = [key for key in ("streams", "definitions") if tree.get(key)]
    found = [path for key in tops for path in places(tree[key], (key,)) if len(path) > 1]
    if not found:
        return
    path = draw.draw(st.sampled_from(found), "place")
    holder, last = at(tree, path[:-1]), path[-1]
    match draw.draw(st.sampled_from(["delete", "replace", "double", "move", "rename"]), "change"):
        case "delete":
            del holder[last]
        case "replace":
            holder[last] = copy.deepcopy(draw.draw(st.sampled_from(ODD), "value"))
        case "double" if isinstance(holder, list):
            holder.insert(last, copy.deepcopy(holder[last]))
        case "move":
            other = draw.draw(st.sampled_from(found), "from")
            holder[last] = copy.deepcopy(at(tree, other))
        case _ if isinstance(holder, dict):
            holder[draw.draw(st.sampled_from(["nope", "type", "$ref", "$parameters", 404, True, None]), "name")] = (
                holder.pop(last)
            )


def loaded(text: str) -> Connector | None:
    """A connector and everything that is asked of one; None when the text is no manifest."""
    try:
        document = Document.parse(text)
    except ManifestError:
        return None
    connector = load_connector(document)
    assert all(
        problem.message and len(str(problem)) < 3000 for problem in (*connector.problems, *connector.portability)
    )
    assert all(isinstance(connector.schema(name), dict) for name in connector.stream_names)
    assert connector.broken.keys() <= set(connector.stream_names)
    assert all(connector.broken.values())
    return connector


@pytest.mark.parametrize("tree", TREES, ids=[sample.name for sample in samples()])
@settings(max_examples=15)
@given(draw=st.data())
def test_what_is_done_to_a_stream_is_told_and_another_is_left_readable(tree: Any, draw: st.DataObject) -> None:
    tree = copy.deepcopy(tree)
    for _ in range(draw.draw(st.integers(1, 3), "changes")):
        changed(tree, draw)
    if isinstance(tree.get("streams"), list):
        tree["streams"].append(LONE)

    connector = loaded(yaml.safe_dump(tree))

    if connector is not None and isinstance(tree.get("streams"), list):
        assert "left alone" in connector.stream_names
        assert "left alone" not in connector.broken


@settings(max_examples=40)
@given(draw=st.data())
def test_what_is_done_to_the_text_is_told(draw: st.DataObject) -> None:
    text = draw.draw(st.sampled_from([sample.path.read_text(encoding="utf-8") for sample in samples()]), "sample")
    start = draw.draw(st.integers(0, len(text)), "start")
    end = draw.draw(st.integers(start, min(len(text), start + 40)), "end")
    noise = draw.draw(st.text(st.sampled_from("ab:{}[]'\"&*!|>-#?,%@`\n\t \0é\ufeff{{}}"), max_size=6), "noise")

    loaded(text[:start] + noise + text[end:])


@pytest.mark.parametrize("name", ["m.yaml", "ma\nni\x1b[31m.yaml", "-m.yaml", "ü .yaml", "%s{}.yaml"])
def test_files_of_odd_names_are_ordinary_files(tmp_path: Any, name: str) -> None:
    file = tmp_path / name
    file.write_text("streams: [1]\n")

    connector = load_connector(Document.load(file))

    assert connector.errors
    assert not connector.readable()
