"""Themes of one's own: YAML files in the folder `themes` beside the settings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, field_validator
from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES, Theme

from tui.colours import VARIABLES
from tui.themes import DARK, LIGHT

MAX_BYTES = 100_000
MOST = 100
"""Files that are read at most."""
_VALUE = re.compile(r"(?P<colour>\S+?)(?:\s+\d{1,3}(?:\.\d+)?%)?")
_TEXT_STYLES = frozenset({"none", "bold", "dim", "italic", "underline", "reverse", "strike", "not", "b", "i", "u"})
_TAKEN = frozenset({*BUILTIN_THEMES, DARK.name, LIGHT.name})
_KNOWN = frozenset({*VARIABLES, *DARK.to_color_system().generate()})
"""The variables that a theme can set."""


class ThemeFiles(NamedTuple):
    """The themes that were read, and what is wrong with the other files, a sentence for each."""

    themes: list[Theme]
    faults: list[str]


def _colour(text: str) -> str:
    try:
        Color.parse(text)
    except ColorParseError:
        raise ValueError(f"{text!r} is not a colour; write #rrggbb, or a name such as teal") from None
    return text


_Colour = Annotated[str, AfterValidator(_colour)]


class _File(BaseModel):
    """What a file says. Without a name the theme is called as its file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = ""
    dark: bool = True
    primary: _Colour
    secondary: _Colour | None = None
    accent: _Colour | None = None
    warning: _Colour | None = None
    error: _Colour | None = None
    success: _Colour | None = None
    foreground: _Colour | None = None
    background: _Colour | None = None
    surface: _Colour | None = None
    panel: _Colour | None = None
    variables: dict[str, str] = {}

    @field_validator("variables")
    @classmethod
    def _check(cls, variables: dict[str, str]) -> dict[str, str]:
        for name, value in variables.items():
            if name not in _KNOWN:
                raise ValueError(f"there is no variable {name!r}")
            if name.endswith("-style") or "-style-" in name:
                if not value.split() or not _TEXT_STYLES.issuperset(value.split()):
                    raise ValueError(f"{name}: {value!r} is not a text style; write one such as bold, or none")
            elif (match := _VALUE.fullmatch(value)) is None:
                raise ValueError(f"{name}: {value!r} is not a colour; write #rrggbb, or a name such as teal")
            else:
                _colour_of(name, match["colour"])
        return variables


def _colour_of(name: str, text: str) -> None:
    try:
        _colour(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def read_themes(folder: Path) -> ThemeFiles:
    """The themes of a folder, by the names of its files; none when there is no such folder."""
    found = ThemeFiles([], [])
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
    except FileNotFoundError:
        return found
    except OSError as error:
        return ThemeFiles([], [f"{folder.name}: {error.strerror or error}."])
    for file in files[:MOST]:
        try:
            theme = _theme(file, _TAKEN.union(one.name for one in found.themes))
        except ValueError as error:
            found.faults.append(f"{folder.name}/{file.name}: {error}.")
        else:
            found.themes.append(theme)
    return found


def _theme(file: Path, taken: Iterable[str]) -> Theme:
    """Raises ValueError, with the fault."""
    try:
        said = _File.model_validate(_parsed(file))
    except ValidationError as error:
        raise ValueError(_fault(error)) from None
    name = said.name or file.stem
    if name in taken:
        raise ValueError(f"another theme is called {name!r} already; give it a `name` of its own")
    return Theme(**{**said.model_dump(), "name": name})


def _parsed(file: Path) -> Any:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES:,} bytes")
        return yaml.safe_load(content.decode()) or {}
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        at = f" at line {mark.line + 1}" if mark is not None else ""
        raise ValueError(f"it is not YAML{at}") from None


def _fault(error: ValidationError) -> str:
    """The first thing that is wrong, in words."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    match first["type"]:
        case "missing":
            return f"`{place}` is missing"
        case "extra_forbidden":
            return f"there is no setting `{place}`"
        case "value_error":
            return f"`{place}`: {first['ctx']['error']}"
        case "string_type":
            return f"`{place}` must be text, in quotes: YAML reads # as the begin of a comment"
        case "bool_type":
            return f"`{place}` must be true or false"
    return f"`{place}` must be a mapping" if place else "it must be a mapping of settings to colours"
