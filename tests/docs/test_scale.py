"""The recipes of docs/scale.md: what they are written in can be read, and the commands in them exist."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import yaml

from core.command.arguments import parse

TEXT = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def test_each_command_is_one() -> None:
    lines = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    lines += [line for block in blocks("bash") for line in block.splitlines()]
    lines += [" ".join(document["spec"]["template"]["spec"]["containers"][0]["args"]) for document in documents()]
    commands = [line[line.index("longhaul ") :].split(" > ")[0] for line in lines if "longhaul --" in line]
    assert len(commands) > 7
    for command in commands:
        parse(shlex.split(command.replace("{}", "0").replace("$JOB_COMPLETION_INDEX", "0"))[1:])


def documents() -> list[dict[str, dict[str, dict[str, dict[str, list[dict[str, list[str]]]]]]]]:
    return [yaml.safe_load(block) for block in blocks("yaml")]


def test_the_indexed_job_numbers_as_many_parts_as_there_are() -> None:
    (job,) = documents()
    (arguments,) = job["spec"]["template"]["spec"]["containers"][0]["args"]
    assert f'"$JOB_COMPLETION_INDEX/{job["spec"]["completions"]}"' in arguments
    assert "\n" not in arguments


def test_the_recipe_for_airflow_is_python() -> None:
    (recipe,) = [block for block in blocks("python") if "airflow" in block]
    ast.parse(recipe)


@pytest.mark.parametrize("heading", ["Slices", "A shell loop", "Airflow", "Kubernetes", "Dask"])
def test_each_way_has_its_section(heading: str) -> None:
    assert f"\n## {heading}\n" in TEXT
