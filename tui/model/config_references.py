"""Where templates use the inputs (`config`), and renaming them there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, TemplateSyntaxError

from core.manifest.problems import Path

_LEXER = Environment(keep_trailing_newline=True, autoescape=True)
_DELIMITERS = ("{{", "{%")
_PATHS = re.compile(r"authenticator_selection_path|\w+_config_path")
"""Fields whose first item names an input."""
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")

Token = tuple[str, str]


def uses(value: Any, key: str, path: Path = ()) -> Iterator[Path]:
    """The paths of all texts in a tree that use the input `key`."""
    for place, text in _texts(value, path):
        if key in text and (text == key or key in inputs_in(text)):
            yield place


def inputs_of(value: Any) -> list[str]:
    """The names of all inputs that a tree uses, each once."""
    found = [inputs_in(text) if _is_template(text) else [text] for _, text in _texts(value, ())]
    return list(dict.fromkeys(name for names in found for name in names))


def renamed(value: Any, old: str, new: str, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The texts of a tree that use the input `old`, with their paths, as they are with its name `new`."""
    for place, text in _texts(value, path):
        if old not in text:
            continue
        changed = new if text == old and not _is_template(text) else rename(text, old, new)
        if changed != text:
            yield place, changed


def inputs_in(text: str) -> list[str]:
    """The names of the inputs that a template uses."""
    return [name for _, _, name in _found(template_tokens(text))] if _is_template(text) else []


def rename(text: str, old: str, new: str) -> str:
    """A template with the input `old` called `new`; a text that is no valid template stays as it is."""
    if not _is_template(text):
        return text
    tokens = template_tokens(text)
    if "".join(value for _, value in tokens) != text:
        return text
    for start, end, name in reversed(list(_found(tokens))):
        if name == old:
            tokens[start:end] = _replaced(tokens[start:end], new)
    return "".join(value for _, value in tokens)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every template in a tree, and every name of an input in a field that holds paths into the inputs."""
    if isinstance(value, str):
        if _is_template(value):
            yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str) and _PATHS.fullmatch(key) and isinstance(item, list):
                if item and isinstance(item[0], str):
                    yield (*path, key, 0), item[0]
            else:
                yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))


def _is_template(text: str) -> bool:
    return any(delimiter in text for delimiter in _DELIMITERS)


def template_tokens(text: str) -> list[Token]:
    """The tokens of a template; none when it is not valid."""
    try:
        return [(kind, value) for _, kind, value in _LEXER.lex(text)]
    except TemplateSyntaxError:
        return []


def _found(tokens: list[Token]) -> Iterator[tuple[int, int, str]]:
    """Each `config.x`, `config['x']` and `config.get('x'`: index of the first token after `config`, of the one after
    the name, and the name.
    """
    solid = [index for index, (kind, _) in enumerate(tokens) if kind not in ("whitespace", "comment")]
    for place, index in enumerate(solid):
        if tokens[index] != ("name", "config") or (place and tokens[solid[place - 1]] == ("operator", ".")):
            continue
        after = [tokens[other] for other in solid[place + 1 : place + 5]]
        values = [value for _, value in after]
        kinds = [kind for kind, _ in after]
        if values[:1] == ["["] and kinds[1:2] == ["string"]:
            yield solid[place + 1], solid[place + 2] + 1, values[1][1:-1]
        elif values[:3] == [".", "get", "("] and kinds[3:] == ["string"]:
            yield solid[place + 1], solid[place + 4] + 1, values[3][1:-1]
        elif values[:1] == ["."] and kinds[1:2] == ["name"] and values[1] != "get":
            yield solid[place + 1], solid[place + 2] + 1, values[1]


def _replaced(tokens: list[Token], new: str) -> list[Token]:
    kind, value = tokens[-1]
    if kind == "string":
        return [*tokens[:-1], (kind, value[0] + new + value[-1])]
    if _IDENTIFIER.fullmatch(new):
        return [*tokens[:-1], (kind, new)]
    return [("operator", f"['{new}']")]


def reference(key: str) -> str:
    """The template that gives the value of an input."""
    return f"{{{{ {input_name(key)} }}}}"


def input_name(key: str) -> str:
    """What an input is called in a template."""
    return f"config['{key}']"
