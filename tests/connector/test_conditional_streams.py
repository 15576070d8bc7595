"""Streams that are there for some inputs only, as Airbyte's runtime has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.connector import Connector, load_connector
from core.errors import InputError
from core.manifest.document import Document
from tests.command.support import SlowApi, run
from tests.protocols.support import Asking, manifest, stream
from tests.support.oracle import Oracle

URL = "http://127.0.0.1:1"


def conditional(condition: str, *streams: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "ConditionalStreams", "condition": condition, "streams": list(streams), **more}


SANDBOX = conditional("{{ config['sandbox'] }}", stream("tests", URL, "/tests"), stream("probes", URL, "/probes"))


def load(*streams: dict[str, Any], **more: Any) -> Connector:
    return load_connector(Document.parse(yaml.safe_dump(manifest(*streams, **more)), file="shop.yaml"))


def items(url: str = URL) -> dict[str, Any]:
    return stream("items", url, "/items")


def test_all_streams_are_there_until_the_inputs_are_known() -> None:
    connector = load(items(), SANDBOX)

    assert connector.usable
    assert connector.stream_names == ("items", "tests", "probes")
    assert connector.stream("probes").name == "probes"


@pytest.mark.parametrize(
    ("sandbox", "names"), [(True, ("items", "tests", "probes")), ("no", ("items", "tests", "probes")), (0, ("items",))]
)
def test_the_inputs_decide_which_streams_there_are(sandbox: Any, names: tuple[str, ...]) -> None:
    connector = load(items(), SANDBOX).for_inputs({"sandbox": sandbox})

    assert connector.stream_names == names
    assert connector.for_inputs({"sandbox": sandbox}) is connector


@pytest.mark.parametrize(
    "condition",
    [
        "{{ config['sandbox'] }}",
        "{{ config.get('sandbox') == 'yes' }}",
        "{{ config['nothing']['here'] }}",
        "{{ 'sandbox' in config }}",
        "no",
        "",
        "{{ parameters.get('on') }}",
        "{{ parameters is defined }}",
    ],
)
@pytest.mark.parametrize("config", [{}, {"sandbox": True}, {"sandbox": "yes"}, {"sandbox": "false"}, {"sandbox": []}])
def test_conditions_hold_as_in_the_reference(
    oracle: Oracle, tmp_path: Path, condition: str, config: dict[str, Any]
) -> None:
    parameters = {"$parameters": {"on": True}}
    tree = manifest(items(), conditional(condition, stream("tests", URL, "/tests"), **parameters))
    tree.pop("spec", None)
    file = tmp_path / "shop.yaml"
    file.write_text(yaml.safe_dump(tree))

    ours = load_connector(Document.load(file)).for_inputs(config).stream_names

    assert list(ours) == oracle.ask("samples", "streams", str(file), config)


def test_who_asks_for_a_stream_that_is_left_out_learns_of_the_condition() -> None:
    connector = load(items(), SANDBOX).for_inputs({})

    with pytest.raises(InputError, match=r"`probes` is not there with these inputs: its condition is false \(line \d+"):
        connector.require(["items", "probes"])
    with pytest.raises(KeyError):
        connector.stream("probes")


def test_a_broken_stream_under_a_condition_keeps_no_other_from_being_read() -> None:
    broken = stream("broken", URL, "/broken")
    del broken["retriever"]["requester"]
    connector = load(items(), conditional("{{ config['sandbox'] }}", stream("tests", URL, "/tests"), broken))

    assert [problem.path[:4] for problem in connector.errors] == [("streams", 1, "streams", 1)]
    assert set(connector.broken) == {"broken"}
    assert connector.for_inputs({"sandbox": 1}).stream_names == ("items", "tests", "broken")
    assert connector.for_inputs({"sandbox": 1}).readable(["tests"])
    assert not connector.for_inputs({}).broken


@pytest.mark.parametrize("condition", [{"condition": "{{ config[ }}"}, {"condition": None}, {"condition": 5, "typ": 1}])
def test_a_wrong_condition_keeps_only_its_own_streams_from_being_read(condition: dict[str, Any]) -> None:
    wrong = {**SANDBOX, **condition}
    connector = load(items(), {key: value for key, value in wrong.items() if value is not None}).for_inputs({})

    assert connector.readable(["items"])
    assert set(connector.broken) == (set() if condition["condition"] == 5 else {"tests", "probes"})


def test_a_condition_that_fails_keeps_its_streams_from_being_read() -> None:
    connector = load(items(), {**SANDBOX, "condition": "{{ 1 / config['zero'] }}"}).for_inputs({"zero": 0})

    assert set(connector.broken) == {"tests", "probes"}
    assert "it can't be said whether the stream is there" in str(connector.broken["tests"][0])
    assert "shop.yaml:" in str(connector.broken["tests"][0])


def test_a_condition_whose_values_do_not_fit_together_is_told_of() -> None:
    condition = conditional(
        "{{ config['least'] > 3 }}", stream("tests", URL, "/tests"), stream("probes", URL, "/probes")
    )
    connector = load(items(), condition).for_inputs({"least": None})

    assert connector.stream_names == ("items", "tests", "probes")
    [told] = [str(one) for one in connector.problems if "counts as true" in str(one)]
    assert told.startswith("shop.yaml:")
    assert "As in Airbyte, the condition counts as true: its streams are there." in told
    assert connector.usable
    assert "counts as true" not in str(load(items(), condition).for_inputs({"least": 4}).problems)


def test_the_connector_for_inputs_may_be_asked_again() -> None:
    failing = conditional("{{ 1 / config['zero'] }}", stream("odd", URL, "/odd"))
    connector = load(items(), SANDBOX, failing).for_inputs({"zero": 0})

    again = connector.for_inputs({"zero": 0})
    assert again.broken == connector.broken
    assert list(again.left_out) == list(connector.left_out) == ["tests", "probes"]


def test_streams_under_different_conditions_may_share_a_name() -> None:
    first = conditional("{{ config['old'] }}", stream("orders", URL, "/v1/orders"))
    second = conditional("{{ config['new'] }}", stream("orders", URL, "/v2/orders"))
    connector = load(items(), first, second)

    assert connector.usable
    assert connector.stream_names == ("items", "orders")
    assert "/v2/orders" in connector.for_inputs({"new": 1}).stream("orders").identity.decode()
    assert "/v1/orders" in connector.for_inputs({"old": 1}).stream("orders").identity.decode()
    both = connector.for_inputs({"old": 1, "new": 1})
    assert "there is another stream named `orders`" in str(both.broken["orders"][0])


@pytest.mark.parametrize(
    "streams",
    [
        (items(), conditional("{{ config['a'] }}", items())),
        (conditional("{{ config['a'] }}", items()), items()),
        (conditional("{{ config['a'] }}", items(), items()),),
    ],
)
def test_names_that_are_always_the_same_are_an_error(streams: tuple[dict[str, Any], ...]) -> None:
    connector = load(*streams, check={"type": "CheckStream", "stream_names": ["items"]})

    assert [problem.message for problem in connector.errors] == ["another stream is named `items` already"]


@pytest.fixture
def run_it(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    def call(url: str, *arguments: object, condition: str = "{{ config.get('sandbox') == 'yes' }}") -> tuple[int, str]:
        file = tmp_path / "shop.yaml"
        tree = manifest(items(url), conditional(condition, stream("tests", url, "/tests")))
        file.write_text(yaml.safe_dump({**tree, "spec": None}))
        return run("--run", file, "--output", tmp_path / "out/", *arguments)

    return call


def test_a_run_reads_what_is_there(run_it: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    with SlowApi() as api:
        api.gate.set()
        code, output = run_it(api.url)
        assert code == 0, output
        assert api.asked == ["/items"]
        code, output = run_it(api.url, "--set", "sandbox=yes")
        assert code == 0, output
        assert sorted(api.asked) == ["/items", "/items", "/tests"]


def test_a_run_tells_of_a_condition_in_doubt(run_it: Callable[..., tuple[int, str]]) -> None:
    with SlowApi() as api:
        api.gate.set()
        code, output = run_it(api.url, "--set", "sandbox=yes", condition="{{ 'no such' in config.get('nothing') }}")
        assert code == 0, output
        assert sorted(api.asked) == ["/items", "/tests"]
    assert "WARN" in output
    assert "the condition counts as true: its streams are there." in output


def test_a_run_of_a_stream_that_is_left_out_is_refused(run_it: Callable[..., tuple[int, str]]) -> None:
    code, output = run_it(URL, "--stream", "tests")

    assert code == 2
    assert "The stream `tests` is not there with these inputs: its condition is false (line" in output
    assert "{{ config.get('sandbox') == 'yes' }}" in output


def test_a_source_describes_what_is_there(tmp_path: Path) -> None:
    tree = manifest(items(), SANDBOX)

    (catalog,) = Asking(tmp_path, tree)("discover").of("CATALOG")
    assert [one["name"] for one in catalog["streams"]] == ["items"]
    asked = Asking(tmp_path, tree)("read", "tests")
    assert "WARN The catalog asks for `tests`. The stream `tests` is not there with these inputs" in asked.logs[0]


def test_a_source_tells_of_a_condition_in_doubt(tmp_path: Path) -> None:
    doubtful = conditional("{{ 'no such' in config.get('nothing') }}", stream("tests", URL, "/tests"))
    told = Asking(tmp_path, manifest(items(), doubtful))("discover")
    assert [one["name"] for one in told.of("CATALOG")[0]["streams"]] == ["items", "tests"]
    assert "the condition counts as true: its streams are there." in "\n".join(told.logs)


def test_a_source_may_have_no_streams_with_some_inputs(tmp_path: Path) -> None:
    tree = manifest(items(), check={"type": "CheckStream", "stream_names": ["tests"]}) | {"streams": [SANDBOX]}

    answer = Asking(tmp_path, tree)("discover")
    assert answer.code == 0, answer.output
    assert answer.of("CATALOG") == [{"streams": []}]
