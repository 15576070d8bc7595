"""A manifest may be anything: what is wrong is told with its place, by the right code, and never by a traceback."""

from __future__ import annotations

import copy
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.command.cli import main
from core.connector import load_connector
from core.connector.building import TreeBuilder
from core.connector.registry import component_types
from core.manifest.document import Document
from core.manifest.problems import ManifestError
from core.runtime.component import Component, field_plans
from sample_configs import samples
from tests.support.paging_api import manifest
from tests.support.reading import read_all
from tests.support.server import LoopbackServer, Reply
from tui.model.new_components import new_component

Said = tuple[int, str]
Command = Callable[..., Said]


@pytest.fixture
def longhaul(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """The command, run in this process: its code and all that it says."""

    def command(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["longhaul", *map(str, arguments)])
        code = main()
        said = "".join(capfd.readouterr())
        assert "Traceback" not in said
        assert "internal error of Longhaul" not in said
        return code, said

    return command


HEAD = "version: 7.0.0\ntype: DeclarativeSource\ncheck: {type: CheckStream, stream_names: [a]}\n"
STREAM = """\
streams:
  - type: DeclarativeStream
    name: a
    retriever:
      type: SimpleRetriever
      requester: {type: HttpRequester, url: "https://x.example/"}
      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
"""

FILES: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "1:1: The manifest is empty"),
    "no YAML": ("a: [1,\n", "2:1: YAML syntax"),
    "no manifest": ("hello: world\n", "the manifest has no `streams`"),
    "text": ("hello", "has to be a mapping"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not UTF-8 text"),
    "an alias bomb": (
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{new}: &{new} [{', '.join(f'*{old}' for _ in range(9))}]\n"
            for old, new in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "more than 1,000,000 values",
    ),
    "a Python tag": ("a: !!python/object/apply:os.system ['touch owned']\n", "are not allowed in a manifest"),
    "a circle of references": (
        HEAD
        + STREAM.replace('"https://x.example/"', "{$ref: '#/definitions/x'}")
        + "definitions:\n  x: {$ref: '#/definitions/y'}\n  y: {$ref: '#/definitions/x'}\n",
        "go round in a circle",
    ),
    "a manifest that is a reference": ("$ref: '#/definitions/x'\ndefinitions: {x: 3}\n", ""),
    "two streams of one name": (HEAD + STREAM + STREAM.partition("\n")[2], "another stream is named `a` already"),
    "a stream without a retriever": (HEAD + "streams: [{type: DeclarativeStream, name: a}]\n", "`retriever`"),
    "a template that is broken": (HEAD + STREAM.replace("x.example/", "x.example/{{ config['a' }}"), "`url`"),
    "a template that never ends": (
        HEAD + STREAM.replace("x.example/", "x.example/{% for i in range(9) %}"),
        "`url`",
    ),
}


@pytest.mark.parametrize("command", ["--validate", "--run"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_good_manifest_is_code_2_and_its_place(
    longhaul: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    content, expected = FILES[name]
    path = tmp_path / "manifest.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    code, said = longhaul(command, path)

    assert code == 2
    assert expected in said.replace(" error: ", " ")  # as validation marks errors
    assert f"{path}:" in said
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("command", ["--validate", "--run"])
def test_50_megabytes_of_junk_are_refused_at_once(longhaul: Command, tmp_path: Path, command: str) -> None:
    path = tmp_path / "junk.yaml"
    path.write_bytes(random.Random(1).randbytes(1_000_000) * 50)
    started = time.process_time()

    code, said = longhaul(command, path)

    assert code == 2
    assert "larger than 10 MB" in said
    assert time.process_time() - started < 5


ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ config.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ range(10000000000) | list }}",
    "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
    "{{ 'x' * 10000000000 }}",
    "{{ 9 ** 9 ** 9 ** 9 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ lipsum(100000) }}",
    "{{ cycler.__init__ }}",
]


@pytest.mark.parametrize("template", ESCAPES)
async def test_a_template_that_breaks_out_or_never_ends_fails_the_stream(server: LoopbackServer, template: str) -> None:
    server.on("/items", Reply({"items": []}))
    text = manifest(server, requester=f"request_parameters: {{x: {yaml.safe_dump(template, width=10_000).strip()}}}")
    started = time.process_time()
    connector = load_connector(Document.parse(text))
    if not connector.usable:
        return

    told = await read_all(text)

    assert time.process_time() - started < 10
    sent = [asked.query.get("x", [""])[0] for asked in server.asked]
    assert told.errors or all(
        len(value) < 10_000 and "object at" not in value and "class" not in value for value in sent
    )
    assert "went wrong" not in told.errors


WRONG: list[Any] = [
    *(None, 3, -1, 1.5, float("nan"), True, "", "x", 10**400),
    *("{{ config['x'", "{{ 1 // 0 }}", "{% for i in range(9) %}"),
    *([], [1], ["a"], [[]], [None], [{"type": "HttpRequester"}]),
    *({}, {"a": 1}, {1: 2}, {"type": "Nope"}, {"type": 3}, {"type": None}),
    *({"$ref": "#/nope"}, {"$ref": 3}, {"$parameters": 3}),
    *({"type": "CustomThing", "class_name": "a.B"}, [{"type": "CustomThing", "class_name": "a.B"}]),
]
"""Values that belong nowhere, or only here and there."""


@pytest.mark.parametrize("cls", component_types().values(), ids=component_types())
def test_a_wrong_value_in_any_field_of_any_component_is_a_problem_or_right(cls: type[Component]) -> None:
    for key in field_plans(cls):
        for value in WRONG:
            for others in ({}, new_component(cls)):
                builder = TreeBuilder()
                component = builder.build({"type": cls.__name__, **others, key: value}, cls, (), frozenset())
                assert component is not None or builder.problems
                assert all(problem.message for problem in builder.problems)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a tree."""
    if path:
        yield path
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield from places(value, (*path, key))


def assert_told(tree: Any) -> None:
    """Load a manifest: what is wrong with it must be told, and what can be asked of it must be answered."""
    try:
        document = Document.parse(yaml.safe_dump(tree))
    except ManifestError:
        return
    connector = load_connector(document)
    assert connector.usable or connector.problems
    assert all(problem.message and str(problem) for problem in connector.problems)
    assert all(isinstance(connector.schema(name), dict) for name in connector.stream_names)


def test_a_wrong_value_at_any_place_of_a_sample_is_told() -> None:
    chance = random.Random(3_000)
    trees = [yaml.safe_load(sample.path.read_text()) for sample in samples()]
    for _ in range(3_000):
        tree = copy.deepcopy(chance.choice(trees))
        *way, last = chance.choice(list(places(tree)))
        parent = tree
        for key in way:
            parent = parent[key]
        parent[last] = chance.choice(WRONG)
        assert_told(tree)


def test_a_missing_field_of_any_sample_is_told_or_not_needed() -> None:
    chance = random.Random(1_500)
    trees = [yaml.safe_load(sample.path.read_text()) for sample in samples()]
    for _ in range(1_500):
        tree = copy.deepcopy(chance.choice(trees))
        *way, last = chance.choice([path for path in places(tree) if isinstance(path[-1], str)])
        parent = tree
        for key in way:
            parent = parent[key]
        del parent[last]
        assert_told(tree)
