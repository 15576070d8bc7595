"""What a person gives to begin from: pasted text, a file or a folder, within bounds."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import yaml

from tui.importing.drafts import ImportRefused

MOST_BYTES = 64 * 1024 * 1024
"""How large a file may be. Recordings of browsers are large; documents of APIs stay below 20 MB."""
WHEEL = ".whl"
_MOST_YAML = 16 * 1024 * 1024
_DEEPEST = 200
_LONGEST_PATH = 1_000
_MOST_PARTS = 20_000_000
_MOST_MERGED = 200_000
_HALF_A_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
"""Only in pairs they are characters; alone they can't be in a file."""

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """Makes plain values only, by the core schema of YAML 1.2: `no`, `12:30` and `2024-01-01` are texts."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge what `<<` names; merges of merges may multiply."""
        super().flatten_mapping(node)
        if len(node.value) > _MOST_MERGED:
            raise ImportRefused("It has too many parts to be read.")


for _tag, _form, _first in (
    ("null", r"~|null|Null|NULL|", [*"~nN", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", [*"-+0123456789"]),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|(?:0|[1-9][0-9]*)(?=[eE]))(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        [*"-+.0123456789"],
    ),
    ("merge", "<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_form})$"), _first)


@dataclass(frozen=True)
class Material:
    """The text that was pasted or read. `path` is the file or folder it is from; folders and packages have no text."""

    text: str
    path: Path | None = None

    @cached_property
    def tree(self) -> Any:
        """The text as JSON or YAML; None when it is neither. Raises ImportRefused when it is nested too deeply."""
        text = self.text.lstrip("\ufeff \t\r\n")
        if text.startswith(("{", "[")):
            return _checked(_json(text))
        return _checked(_yaml(text)) if _may_be_yaml(text) else None

    @property
    def mapping(self) -> dict[str, Any]:
        """The text as a JSON or YAML object; empty when it is something else."""
        return self.tree if isinstance(self.tree, dict) else {}


def read_material(path: Path) -> Material:
    """Read a file; folders and packages are taken as they are. Raises ImportRefused."""
    try:
        if path.is_dir():
            return Material("", path)
        if not path.is_file():
            raise ImportRefused(f"There is no file {path}.")
        if path.suffix.lower() == WHEEL:
            return Material("", path)
        if path.stat().st_size > MOST_BYTES:
            raise ImportRefused(f"{path.name} is larger than {MOST_BYTES // 1024 // 1024} MB.")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ImportRefused(f"{path} can't be read: {error.strerror or error}.") from None
    return Material(_decoded(content), path)


def material_of(text: str) -> Material:
    """What was pasted or typed: the text itself, or the file or folder whose path it is. Raises ImportRefused.

    Terminals paste line breaks as carriage returns.
    """
    path = _path_in(text)
    return Material(with_line_feeds(text)) if path is None else read_material(path)


def _path_in(text: str) -> Path | None:
    """The file or folder that a text names; None when there is none."""
    line = text.strip().strip("'\"").removeprefix("file://")
    if line and len(line) <= _LONGEST_PATH and not set("\r\n") & set(line):
        with suppress(OSError, ValueError, RuntimeError):  # there may be no such user behind `~`
            path = Path(line).expanduser()
            return path.absolute() if path.exists() else None
    return None


def with_line_feeds(text: str) -> str:
    """The text with a line feed at the end of each line."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    return content.decode("utf-8-sig", errors="replace")


def _json(text: str) -> Any:
    try:
        tree = json.loads(text)
        if not _HALF_A_CHARACTER.search(text):
            return tree
        return json.loads(json.dumps(tree, ensure_ascii=False).encode(errors="replace"))
    except RecursionError:
        raise ImportRefused("It is nested too deeply to be read.") from None
    except ValueError:
        return _yaml(text)  # a flow mapping of YAML


def _may_be_yaml(text: str) -> bool:
    """Whether a text looks like a mapping: its first line with something in it has a key."""
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith(("#", "---", "%"))), "")
    key, colon, _ = first.partition(":")
    return bool(colon) and not any(letter in key for letter in "{}()$= ")


def _yaml(text: str) -> Any:
    if len(text) > _MOST_YAML:
        raise ImportRefused(f"YAML is read up to {_MOST_YAML // 1024 // 1024} MB; give it as JSON instead.")
    try:
        return yaml.load(text, Loader=_Loader)
    except ImportRefused:
        raise
    except RecursionError:
        raise ImportRefused("It is nested too deeply to be read.") from None
    except (yaml.YAMLError, ValueError):
        return None


def _checked(tree: Any) -> Any:
    """The tree, when it is no deeper and no larger than can be handled; aliases of YAML count each time."""
    level, parts = {id(tree): (tree, 1)}, 0
    for _ in range(_DEEPEST):
        below: dict[int, tuple[Any, int]] = {}
        for one, times in level.values():
            for part in one.values() if isinstance(one, dict) else one if isinstance(one, list) else ():
                if isinstance(part, dict | list):
                    below[id(part)] = (part, below.get(id(part), (part, 0))[1] + times)
        parts += sum(times for _, times in below.values())
        if parts > _MOST_PARTS:
            raise ImportRefused("It has too many parts to be read.")
        if not below:
            return tree
        level = below
    raise ImportRefused("It is nested too deeply to be read.")
