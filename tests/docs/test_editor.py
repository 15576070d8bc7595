"""The page about editors: its commands work as they are written, and the hooks for pre-commit run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from core.command.arguments import parse
from sample_configs import sample
from tui.model.editor_schema import MODELINE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "editor.md").read_text(encoding="utf-8")
ACTION = ROOT / ".github" / "actions" / "validate" / "action.yml"
COMMANDS = re.findall(r"^    (longhaul .*)$", PAGE, re.MULTILINE)
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder with two connectors, of which the first has its recorded case, and the command in its `PATH`."""
    folder = tmp_path / "connectors"
    folder.mkdir()
    source = sample("marketo").path
    (folder / "crm.yaml").write_bytes(source.read_bytes())
    (folder / "orders.yaml").write_bytes(sample("orders_paginated").path.read_bytes())
    (folder / "cases").mkdir()
    for case in source.parent.glob("cases/marketo.*"):
        (folder / "cases" / case.name).write_bytes(case.read_bytes())
    command = tmp_path / "bin" / "longhaul"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m core.command.cli "$@"\n')
    command.chmod(0o755)
    return tmp_path


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a line as a shell does, in `folder`."""
    environment = {
        **os.environ,
        "HOME": str(folder),
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
        timeout=120,
    )


def test_the_commands_work_as_they_are_written(repository: Path) -> None:
    for command in re.findall(r"^    ((?:longhaul|mkdir) .*)$", PAGE, re.MULTILINE):
        done = run(repository, command)
        assert (done.returncode, done.stderr) == (0, ""), command
    assert json.loads((repository / ".longhaul" / "manifest.schema.json").read_text())["$schema"]
    assert "_shtab_longhaul" in (repository / ".local/share/bash-completion/completions/longhaul").read_text()
    assert (repository / ".zfunc" / "_longhaul").read_text().startswith("#compdef longhaul")


def test_the_page_names_what_there_is() -> None:
    assert f"\n{MODELINE}" in PAGE
    for command in COMMANDS:
        parse(shlex.split(command.partition(" >")[0])[1:])
    for link in re.findall(r"\]\((?!https:)([^)]+)\)", PAGE):
        assert (ROOT / "docs" / link).is_file(), link
    assert "man -l docs/man/longhaul.1" in PAGE
    assert (ROOT / "docs" / "man" / "longhaul.1").is_file()


def test_the_json_is_as_the_page_has_it(repository: Path) -> None:
    documented = json.loads(re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0])[0]
    path = repository / "connectors" / "crm.yaml"
    path.write_text(re.sub(r"http_method: \w+", "http_method: GTE", path.read_text()))
    found = json.loads(run(repository, "longhaul --validate connectors/*.yaml --format json").stdout)[0]
    assert list(found) == list(documented)
    assert {key: type(value) for key, value in found.items()} == {key: type(one) for key, one in documented.items()}
    assert found["message"] == documented["message"]
    assert found["file"] == documented["file"]


def test_the_hooks_have_what_pre_commit_asks_for() -> None:
    assert set(HOOKS) == {"longhaul-validate", "longhaul-check"}
    for hook in HOOKS.values():
        assert {"id", "name", "description", "entry", "language"} <= set(hook)
        assert hook["language"] == "python"
    assert HOOKS["longhaul-validate"]["types"] == ["yaml"]


def test_the_hooks_run_as_the_page_sets_them_up(repository: Path) -> None:
    pages = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]
    (setup,) = (page["repos"][0]["hooks"] for page in pages if page and "repos" in page)
    files = sorted(str(path.relative_to(repository)) for path in repository.glob("connectors/**/*.*"))
    outputs = []
    for chosen in setup:
        hook = HOOKS[chosen["id"]]
        named = [file for file in files if re.search(chosen["files"], file)]
        assert named
        given = named if hook.get("pass_filenames", True) else []
        done = run(repository, shlex.join([*shlex.split(hook["entry"]), *chosen.get("args", []), *given]))
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        outputs.append(done.stdout)
    validated, checked = outputs
    assert "connectors/orders.yaml is valid" in validated
    assert checked.endswith("1 case, nothing differs.\n")


def test_the_workflow_gives_the_action_what_it_takes() -> None:
    pages = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]
    (workflow,) = (page for page in pages if page and "jobs" in page)
    _, step = workflow["jobs"]["manifests"]["steps"]
    assert ROOT / ".github" / step["uses"].partition("@")[0].partition("/.github/")[2] == ACTION.parent
    required = {name for name, one in yaml.safe_load(ACTION.read_text())["inputs"].items() if one.get("required")}
    assert required <= set(step["with"]) <= set(yaml.safe_load(ACTION.read_text())["inputs"])


def test_the_action_installs_this_project() -> None:
    steps = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    (installs,) = (step["run"] for step in steps if "pip install" in step.get("run", ""))
    (place,) = re.findall(r'"\$GITHUB_ACTION_PATH/(.*)"', installs)
    assert (ACTION.parent / place).resolve() == ROOT
    assert all("shell" in step for step in steps if "run" in step)


@pytest.mark.parametrize("manifests", ["connectors/*.yaml", "**/crm.yaml connectors/orders.yaml"])
def test_the_action_takes_what_is_right_and_annotates_what_is_not(repository: Path, manifests: str) -> None:
    step = yaml.safe_load(ACTION.read_text())["runs"]["steps"][-1]
    assert step["env"] == {"MANIFESTS": "${{ inputs.manifests }}"}
    command = f"MANIFESTS={shlex.quote(manifests)} bash -e -c {shlex.quote(step['run'])}"
    done = run(repository, command)
    assert (done.returncode, done.stderr) == (0, "")
    assert "No problems in connectors/orders.yaml" in done.stdout
    path = repository / "connectors" / "crm.yaml"
    path.write_text(re.sub(r"http_method: \w+", "http_method: GTE", path.read_text()))
    done = run(repository, command)
    assert done.returncode == 2
    assert done.stdout.startswith("::error file=connectors/crm.yaml,line=")


def test_the_action_fails_where_there_is_nothing_to_validate(repository: Path) -> None:
    step = yaml.safe_load(ACTION.read_text())["runs"]["steps"][-1]
    done = run(repository, f"MANIFESTS='nothing/*.yaml' bash -e -c {shlex.quote(step['run'])}")
    assert done.returncode == 2


def test_the_arguments_of_a_hook_may_stand_before_the_files(repository: Path) -> None:
    (repository / "connectors" / "crm.yaml").write_text("a: [")
    entry = HOOKS["longhaul-validate"]["entry"]
    done = run(repository, f"{entry} --format github connectors/crm.yaml connectors/orders.yaml")
    assert done.returncode == 2
    assert done.stdout.startswith("::error file=connectors/crm.yaml,line=")
