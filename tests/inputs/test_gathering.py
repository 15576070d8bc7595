"""Inputs come from the config file, the environment and the command line, and the later wins."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.inputs import gather_inputs, unknown_inputs
from core.inputs.checking import InputChecker

SPECIFICATION: dict[str, Any] = {
    "type": "object",
    "required": ["api_key"],
    "properties": {
        "api_key": {"type": "string", "title": "API key", "airbyte_secret": True},
        "start-date": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$", "examples": ["2024-01-31"]},
        "pages": {"type": "integer", "minimum": 1, "default": 10},
        "ratio": {"type": ["null", "number"]},
        "deep": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "account": {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "region": {"type": "string", "enum": ["eu", "us"], "default": "eu"},
            },
        },
        "login": {
            "type": "object",
            "oneOf": [
                {
                    "title": "Token",
                    "required": ["kind", "token"],
                    "properties": {
                        "kind": {"const": "token"},
                        "token": {"type": "string", "airbyte_secret": True, "minLength": 5},
                    },
                },
                {
                    "title": "Password",
                    "required": ["kind", "user"],
                    "properties": {
                        "kind": {"const": "password"},
                        "user": {"type": "string"},
                        "tries": {"type": "integer", "default": 3},
                    },
                },
            ],
        },
    },
}


def gather(
    environment: Mapping[str, str] | None = None,
    settings: Sequence[str] = (),
    file: Path | None = None,
    **given: Any,
) -> dict[str, Any]:
    return gather_inputs(SPECIFICATION, file, environment, settings, {"api_key": "k", **given})


def problems(**given: Any) -> str:
    with pytest.raises(InputError) as caught:
        gather(**given)
    return str(caught.value)


def test_the_later_source_wins(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("api_key: from file\ndeep: true\npages: 1\nratio: 1\n")
    found = gather(
        {"LONGHAUL_PAGES": "2", "LONGHAUL_RATIO": "2.5"}, ["ratio=3.5", "pages=3", "pages=4"], file, ratio=0.5
    )
    assert found == {"api_key": "from file", "deep": True, "pages": 4, "ratio": 3.5}


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml", ""])
def test_a_config_file_is_json_or_yaml_whatever_it_is_called(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"config{suffix}"
    file.write_text(json.dumps({"tags": ["a"], "account": {"id": 5}}, indent="\t"))
    assert gather(file=file)["tags"] == ["a"]


def test_a_date_in_yaml_stays_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("start-date: 2024-01-31\n")
    assert gather(file=file)["start-date"] == "2024-01-31"


def test_an_empty_file_gives_nothing_and_an_empty_line_is_no_input(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("# nothing\n")
    assert gather(file=file) == {"api_key": "k", "pages": 10}
    file.write_text("deep:\nratio:\naccount:\n  id:\n")
    assert gather(file=file) == {
        "api_key": "k",
        "pages": 10,
        "ratio": None,
        "account": {"region": "eu"},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b\n", "must hold an object"),
        ("a: [s3cret\n", r"config.yaml:\d+:\d+: the config file is not valid YAML"),
        ("a: *s3cret\n", r"config.yaml:1:4: the config file is not valid YAML"),
        ("a: !s3cret x\n", "not valid YAML"),
        ("a: \x00s3cret\n", "not valid YAML"),
    ],
)
def test_a_config_file_that_can_not_be_understood(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        gather(file=file)
    assert "s3cret" not in str(caught.value)


def test_broken_json_is_reported_with_its_position(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{\n  "a": s3cret}')
    with pytest.raises(InputError, match=r"config.json:2:8: the config file is not valid JSON.$"):
        gather(file=file)


def test_a_missing_config_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        gather(file=tmp_path / "missing.yaml")
    with pytest.raises(InputError, match="is a directory"):
        gather(file=tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not text in UTF-8"):
        gather(file=tmp_path / "binary")


def test_variables_have_the_name_of_their_input_in_capitals() -> None:
    found = gather(
        {
            "LONGHAUL_START_DATE": "2024-01-31",
            "LONGHAUL_ACCOUNT__ID": "7",
            "LONGHAUL_LOGIN": '{"kind": "token"}',
            "LONGHAUL_LOGIN__TOKEN": "12345",
            "LONGHAUL_ANOTHER_CONNECTORS": "x",
            "API_KEY": "not ours",
        }
    )
    assert found == {
        "api_key": "k",
        "start-date": "2024-01-31",
        "pages": 10,
        "account": {"id": 7, "region": "eu"},
        "login": {"kind": "token", "token": "12345"},
    }


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("api_key=007", "007"),
        ("api_key=", ""),
        ("api_key=a=b", "a=b"),
        ("pages=12", 12),
        ("ratio=1.5", 1.5),
        ("ratio=2", 2),
        ("deep=true", True),
        ("deep=No", False),
        ("deep=1", True),
        ('tags=["a", "b"]', ["a", "b"]),
        ('account={"id": 1, "region": "us"}', {"id": 1, "region": "us"}),
    ],
)
def test_a_text_becomes_what_the_specification_asks_for(setting: str, value: object) -> None:
    assert gather(settings=[setting])[setting.partition("=")[0]] == value


def test_dots_lead_into_objects() -> None:
    assert gather(settings=["login.kind=password", "login.user=me", "account.id=1"]) == {
        "api_key": "k",
        "pages": 10,
        "account": {"id": 1, "region": "eu"},
        "login": {"kind": "password", "user": "me", "tries": 3},
    }


def test_a_name_may_have_dots_of_its_own() -> None:
    specification = {"properties": {"a.b": {"type": "integer"}, "a": {"properties": {"c": {}}}}}
    assert gather_inputs(specification, settings=["a.b=1", "a.c=x"]) == {"a.b": 1, "a": {"c": "x"}}


def test_a_missing_input_names_the_three_ways_to_give_it() -> None:
    specification = {"properties": {"site": {"type": "object", "required": ["region"]}}, "required": ["account"]}
    with pytest.raises(InputError) as caught:
        gather_inputs(specification, given={"site": {}})
    missing, inner = str(caught.value).splitlines()
    assert missing == (
        "The input `account` is missing. Give it in the --config file, as LONGHAUL_ACCOUNT in the environment, or with "
        "--set account=VALUE."
    )
    assert "LONGHAUL_SITE__REGION in the environment, or with --set site.region=VALUE" in inner


def test_a_missing_secret_is_not_asked_for_on_the_command_line_where_others_see_it() -> None:
    with pytest.raises(InputError) as caught:
        gather_inputs(SPECIFICATION)
    assert str(caught.value) == (
        "The input `api_key` (API key) is missing. It is a secret: give it in the --config file, or as "
        "LONGHAUL_API_KEY in the environment."
    )
    inside = {"properties": {"login": {"airbyte_secret": True, "required": ["key"]}}}
    with pytest.raises(InputError, match="give it in the --config file, or as LONGHAUL_LOGIN__KEY in the environment"):
        gather_inputs(inside, given={"login": {}})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pages": "s"}, 'The input `pages` must be a whole number; it is "s".'),
        ({"pages": 1.5}, "The input `pages` must be a whole number; it is 1.5."),
        ({"pages": 0}, "The input `pages` must be at least 1; it is 0."),
        ({"pages": True}, "The input `pages` must be a whole number; it is true."),
        ({"ratio": []}, "The input `ratio` must be null or a number."),
        ({"deep": "maybe"}, 'The input `deep` must be true or false; it is "maybe".'),
        (
            {"start-date": 2024},
            'The input `start-date` must be text (write it in quotes: "..."); it is 2024.',
        ),
        (
            {"start-date": "January"},
            "The input `start-date` must match the pattern ^\\d{4}-\\d{2}-\\d{2}$, for example "
            '"2024-01-31"; it is "January".',
        ),
        (
            {"account": {"region": "asia"}},
            'The input `account.region` must be one of "eu", "us"; it is "asia".',
        ),
        ({"tags": ["a", 1]}, 'The input `tags` must be text (write it in quotes: "..."); it is 1.'),
        (
            {"login": {"kind": "token", "token": "s"}},
            "The input `login.token` must have at least 5 characters.",
        ),
        (
            {"login": {"kind": "other"}},
            'The input `login` fits none of its forms: Token (kind="token", token); Password (kind="password", user).',
        ),
    ],
)
def test_a_wrong_value_is_reported_with_what_is_expected(given: dict[str, Any], message: str) -> None:
    assert problems(**given) == message


def test_the_value_of_a_secret_is_never_shown() -> None:
    secret = {"type": "string", "airbyte_secret": True, "pattern": "^sk_", "enum": ["sk_a"], "const": "sk_a"}
    whole = {
        "type": "object",
        "airbyte_secret": True,
        "properties": {"pin": {"type": "integer", "maximum": 1}},
    }
    specification = {"properties": {"key": secret, "whole": whole, "number": {**secret, "type": "integer"}}}
    given = {"key": "hunter2", "whole": {"pin": 4711}, "number": "0815"}
    with pytest.raises(InputError) as caught:
        gather_inputs(specification, given=given)
    for value in ("hunter2", "4711", "0815"):
        assert value not in str(caught.value)


@pytest.mark.parametrize("within", [lambda one: {"items": one}, lambda one: {"allOf": [{"items": one}]}])
def test_what_is_in_a_secret_item_is_never_shown(within: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    item = {"airbyte_secret": True, "properties": {"token": {"type": "string", "pattern": "^x"}}}
    specification = {"properties": {"accounts": {"type": "array", **within(item)}}}
    (problem,) = InputChecker(specification).problems({"accounts": [{"token": "hush"}]})
    assert problem.startswith("The input `accounts.token` must match the pattern ^x")
    assert "hush" not in problem


def test_a_secret_object_with_an_odd_name_hides_what_is_in_it() -> None:
    inner = {"type": "object", "airbyte_secret": True, "properties": {"k": {"type": "integer"}}}
    specification = {"type": "object", "properties": {"[]": inner}}
    (problem,) = InputChecker(specification).problems({"[]": {"k": "hush"}})
    assert "hush" not in problem


def test_inputs_are_checked_however_deep_they_are() -> None:
    schema: dict[str, Any] = {"type": "integer"}
    value: Any = "no number"
    for _ in range(95):
        schema, value = {"type": "object", "properties": {"a": schema}}, {"a": value}
    assert len(InputChecker(schema).problems(value)) == 1


def test_all_problems_are_reported_at_once() -> None:
    found = problems(pages=0, deep=3, settings=["depe=1", "nonsense"])
    assert found.splitlines() == [
        "`depe` is not an input of this connector; did you mean `deep`?",
        "--set number 2 is not KEY=VALUE.",
        "The input `pages` must be at least 1; it is 0.",
        "The input `deep` must be true or false; it is 3.",
    ]


def test_a_setting_that_the_connector_does_not_know_is_refused() -> None:
    assert problems(settings=["account.regoin=eu"]) == (
        "`account.regoin` is not an input of this connector; did you mean `account.region`?"
    )
    assert "there are api_key, start-date" in problems(settings=["xyz=1"])
    assert problems(settings=["account.id=1"], account="text").splitlines()[0] == (
        "`account.id` can't be set: what is around it is not an object."
    )


def test_other_inputs_in_a_file_are_taken_like_airbyte_takes_them_unless_forbidden() -> None:
    assert gather(extra=1, __injected=2)["extra"] == 1
    assert unknown_inputs(SPECIFICATION, {"api_kye": "k", "__injected": 2}) == [
        "`api_kye` is not an input of this connector; did you mean `api_key`?"
    ]
    with pytest.raises(InputError, match="`extra` is not an input"):
        gather_inputs({**SPECIFICATION, "additionalProperties": False}, given={"api_key": "k", "extra": 1})


def test_without_a_specification_everything_is_taken_as_text() -> None:
    environment = {"LONGHAUL_API_KEY": "1", "LONGHAUL_A__B": "2", "LONGHAUL_DEBUG": "1", "HOME": "/"}
    assert gather_inputs({}, environment=environment, settings=["x.y=3"]) == {
        "api_key": "1",
        "a": {"b": "2"},
        "x": {"y": "3"},
    }


def test_what_is_given_is_not_changed() -> None:
    given = {"api_key": "k", "account": {}}
    gather_inputs(SPECIFICATION, settings=["account.id=1"], given=given)
    assert given == {"api_key": "k", "account": {}}


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.yaml", BOMB.encode(), "not valid YAML"),
        ("config.yaml", b"a: " + b"[" * 10_000, "not valid YAML"),
        ("config.yaml", b"\xff\xfe\x00", "not text in UTF-8"),
        ("config.yaml", b"? [a]\n: 1\n", "not valid YAML"),
        ("config.json", b"[" * 100_000, "not valid JSON"),
        ("config.json", b'{"a":' * 500 + b"1" + b"}" * 500, "nested more than 100 levels deep"),
        ("config.json", b"[1]", "must hold an object"),
        ("config", b"x" * 10_000_001, "larger than 10 MB"),
    ],
)
def test_an_odd_config_file_is_refused_in_an_ordinary_sentence(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)

    with pytest.raises(InputError, match=message):
        gather_inputs({}, file)


def test_a_config_file_that_is_none_is_refused(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "none", tmp_path / "a\0b"):
        with pytest.raises(InputError, match="can't be read"):
            gather_inputs({}, file)


def test_dates_in_a_config_file_are_texts(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("a: 2024-01-31\nb: [2024-01-31 10:00:00]\n2024-01-01: !!timestamp 2024-02-01\n")

    assert gather_inputs({}, file) == {
        "a": "2024-01-31",
        "b": ["2024-01-31 10:00:00"],
        "2024-01-01": "2024-02-01",
    }
