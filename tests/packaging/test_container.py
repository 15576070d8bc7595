"""The Containerfile, as far as it can be tried without an engine: what it copies, installs, and starts as whom."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from core.protocols.manifest import BUNDLED
from core.version import VERSION

ROOT = Path(__file__).parents[2]
Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """Each instruction with what follows it, continued lines joined."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line and not line.startswith("#")]


def last_stage() -> list[Instruction]:
    found = instructions()
    return found[max(number for number, (name, _) in enumerate(found) if name == "FROM") :]


def values(name: str) -> dict[str, str]:
    """The variables or labels of the image."""
    parts = [part for one, rest in last_stage() if one == name for part in shlex.split(rest)]
    return dict(part.split("=", 1) for part in parts)


def copied() -> list[str]:
    """What is copied out of the tree."""
    return [
        one for name, rest in instructions() if name == "COPY" and "--from" not in rest for one in rest.split()[:-1]
    ]


def test_it_is_built_on_a_slim_python_that_is_new_enough() -> None:
    arguments = dict(rest.split("=", 1) for name, rest in instructions() if name == "ARG")
    version, _, kind = arguments["PYTHON"].partition("-")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert kind.startswith("slim")
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]
    assert {rest.split()[0] for name, rest in instructions() if name == "FROM"} == {"python:${PYTHON}"}
    assert arguments["EXTRAS"] == '""'


def test_it_starts_the_source_without_root_as_airbyte_expects() -> None:
    stage = dict(last_stage())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (command,) = json.loads(stage["ENTRYPOINT"])
    assert command in project["scripts"]
    assert values("ENV")["AIRBYTE_ENTRYPOINT"] == command
    assert values("ENV")["PATH"].startswith("/opt/longhaul/bin:")
    assert values("LABEL") == {"io.airbyte.name": "source-longhaul", "io.airbyte.version": VERSION}
    assert stage["USER"] == "airbyte"
    assert any("useradd" in rest and rest.split()[-1] == "airbyte" for name, rest in last_stage() if name == "RUN")
    assert [name for name, _ in last_stage()].index("USER") > [name for name, _ in last_stage()].index("COPY")
    assert BUNDLED.parent.parent == Path(stage["WORKDIR"])


def test_what_it_copies_is_in_the_tree_and_not_ignored() -> None:
    rules = [line for line in (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    for name in copied():
        assert (ROOT / name).exists()
        assert f"!{name}" in rules
    ignored = [rule for rule in rules if not rule.startswith("!")]
    assert any(fnmatch("tests", rule) for rule in ignored)
    assert any(fnmatch(".git", rule) for rule in ignored)


def test_it_copies_every_file_that_an_installation_is_made_of() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    data = [name for names in settings["tool"]["setuptools"]["data-files"].values() for name in names]
    for name in [*data, settings["project"]["readme"]]:
        assert any(Path(name).is_relative_to(one) for one in copied()), name


@pytest.mark.clients  # it downloads what a container has
def test_what_it_installs_runs(tmp_path: Path) -> None:
    """The commands of the build in a copy of what the build gets; nothing of this checkout is in their way."""
    source, target = tmp_path / "src", tmp_path / "longhaul"
    source.mkdir()
    for name in copied():
        place = source / name
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, place)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "EXTRAS")}
    builds = [rest for name, rest in instructions() if name == "RUN" and "/opt/longhaul" in rest]
    assert len(builds) == 2
    for build in builds:
        line = re.sub(r"^python ", f"{shlex.quote(sys.executable)} ", build).replace("/opt/longhaul", str(target))
        done = subprocess.run(
            ["sh", "-c", line], cwd=source, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        if re.search("No matching distribution|Could not fetch|Temporary failure|Retrying", done.stderr):
            pytest.skip("packages can't be downloaded here")
        assert done.returncode == 0, done.stderr
    version = subprocess.check_output([target / "bin/longhaul", "--version"], cwd=tmp_path, env=environment, text=True)
    assert version == f"longhaul {VERSION}\n"
    spec = subprocess.check_output([target / "bin/source-longhaul", "spec"], cwd=tmp_path, env=environment)
    assert json.loads(spec)["type"] == "SPEC"
    read = [str(target / "bin/longhaul"), "--demo", "--run", "--limit", "3", "--quiet"]
    assert len(subprocess.check_output(read, cwd=tmp_path, env=environment).splitlines()) == 3
