"""Collects the inputs from the config file, the environment and the command line; the later wins.

Messages about the file never repeat what is written in it, for it holds secrets.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, Protocol

import orjson

from core.environment import OWN
from core.errors import InputError
from core.inputs.checking import InputChecker, has_constants, variable
from core.inputs.specification import (
    GatheredInputs,
    Path,
    Schema,
    find,
    forms,
    inputs,
    properties,
    secret_values,
    types,
    with_secrets,
)
from core.manifest.compose import NotAMapping, compose
from core.manifest.nodes import value_of
from core.manifest.problems import ManifestError, closest
from core.templates.texts import SecretText

_MAX_BYTES = 10_000_000
_MAX_DEPTH = 100
"""Objects and lists that may be nested in each other."""


def read_config(file: FilePath) -> dict[str, Any]:
    """The inputs in a file; dates are texts, as the inputs of a connector are JSON. Raises `InputError`."""
    content = _parse(file, _text(file))
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"The config file {file} must hold an object: one `name: value` for each input.")
    if _is_deep(content):
        raise InputError(f"The config file {file} is nested more than {_MAX_DEPTH} levels deep.")
    return {str(name): value for name, value in content.items()}


def _text(file: FilePath) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(f"The config file {file} can't be read: {reason.lower()}.") from None
    if len(content) > _MAX_BYTES:
        raise InputError(f"The config file {file} is larger than {_MAX_BYTES // 1_000_000} MB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"The config file {file} is not text in UTF-8.") from None


def _parse(file: FilePath, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if file.suffix == ".json":
            raise InputError(f"{file}:{error.lineno}:{error.colno}: the config file is not valid JSON.") from None
    if not any(line.strip() and not line.lstrip().startswith(("#", "---", "...")) for line in text.splitlines()):
        return None
    try:
        return value_of(compose(text))
    except NotAMapping:
        return text
    except ManifestError as error:
        position = error.problems[0].position
    place = f"{file}:{position.line}:{position.column}" if position else str(file)
    raise InputError(f"{place}: the config file is not valid YAML. Values with special characters need quotes.")


def _is_deep(content: Any) -> bool:
    level = [content]
    for _ in range(_MAX_DEPTH):
        level = [
            inner
            for value in level
            if isinstance(value, (dict, list))
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
    return bool(level)


_BOOLEANS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


class Rules(Protocol):
    """What is done with the inputs beyond their specification."""

    def normalize(self, config: dict[str, Any]) -> None:
        """Change the inputs in place. Raises `InputError`."""

    def problems(self, config: Mapping[str, Any]) -> list[str]:
        """A sentence for each thing that is wrong with them. Raises `InputError`."""


def gather_inputs(
    specification: Mapping[str, Any],
    config_file: FilePath | None = None,
    environment: Mapping[str, str] | None = None,
    settings: Sequence[str] = (),
    given: Mapping[str, Any] | None = None,
    *,
    rules: Rules | None = None,
    from_config: bool = False,
) -> dict[str, Any]:
    """The inputs for a connector with this connection specification (a JSON Schema; empty: anything goes).

    They come from `given`, the config file (YAML or JSON), `LONGHAUL_<INPUT>` variables (names in capitals,
    other characters than letters and digits as `_`, two of them between an object and what is in it) and
    `KEY=VALUE` settings (dots between an object and what is in it); the later wins. Texts are converted to
    the type that the specification asks for, missing inputs get its defaults. The `rules` change them before
    that, and check them after. `from_config` says that there is no other way to give inputs than the config: messages
    name none. Raises `InputError` with everything that is wrong.
    """
    config = GatheredInputs(copy.deepcopy(dict(given or {})) | (read_config(config_file) if config_file else {}))
    named, problems = _settings(specification, settings)
    for path, text in [*_variables(specification, environment or {}), *named]:
        if not _put(config, path, _converted(find(specification, path), text)):
            problems.append(f"`{'.'.join(path)}` can't be set: what is around it is not an object.")
    if rules is not None:
        config.secrets = secrets = secret_values(specification, config)
        config.update(with_secrets(specification, config, lambda text: SecretText(text, secrets.append)))
        rules.normalize(config)
    _drop_nulls(specification, config)
    _add_defaults(specification, config)
    problems += InputChecker(specification, from_config=from_config).problems(config)
    if rules is not None and not problems:
        problems += rules.problems(config)
    unknown = unknown_inputs(specification, config)
    if problems or (unknown and specification.get("additionalProperties") is False):
        raise InputError(dict.fromkeys([*problems, *unknown]))
    return config


def unknown_inputs(specification: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    """A sentence for each input that the specification does not know.

    They are no error (Airbyte takes them too) unless it says `additionalProperties: false`. Names that begin
    with `__` are Airbyte's own.
    """
    known = properties(specification)
    return [
        _not_an_input((name,), known) for name in config if known and name not in known and not name.startswith("__")
    ]


def _not_an_input(path: Path, known: Mapping[str, Any]) -> str:
    meant = closest(path[-1], known)
    hint = f"did you mean `{'.'.join((*path[:-1], meant))}`?" if meant else f"there are {', '.join(known)}."
    return f"`{'.'.join(path)}` is not an input of this connector; {hint}"


def _variables(specification: Schema, environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    if not properties(specification):
        for name, text in environment.items():
            if name.startswith("LONGHAUL_") and name not in OWN | {"LONGHAUL_"}:
                yield tuple(name.removeprefix("LONGHAUL_").lower().split("__")), text
        return
    for path, _ in inputs(specification):
        text_or_none = environment.get(variable(path))
        if text_or_none is not None:
            yield path, text_or_none


def _settings(specification: Schema, settings: Sequence[str]) -> tuple[list[tuple[Path, str]], list[str]]:
    """The settings that make sense, and what is wrong with the others."""
    found: list[tuple[Path, str]] = []
    problems: list[str] = []
    for number, setting in enumerate(settings, 1):
        key, equals, text = setting.partition("=")
        if not equals or not key:
            problems.append(f"--set number {number} is not KEY=VALUE.")
            continue
        path = _setting_path(specification, key)
        unknown = _unknown_setting(specification, path)
        if unknown:
            problems.append(unknown)
        else:
            found.append((path, text))
    return found, problems


def _setting_path(specification: Schema, key: str) -> Path:
    """Where a dotted key leads; an input may have dots in its own name."""
    known = {".".join(path): path for path, _ in inputs(specification)}
    return known.get(key) or tuple(key.split("."))


def _unknown_setting(specification: Schema, path: Path) -> str | None:
    """What to say of a path that the specification does not know."""
    schemas: list[Schema] = [specification]
    for depth, name in enumerate(path, 1):
        known: dict[str, list[Schema]] = {}
        for schema in schemas:
            for other, described in properties(schema).items():
                known.setdefault(other, []).extend(described)
        if known and name not in known:
            return _not_an_input(path[:depth], known)
        schemas = known.get(name, [])
    return None


def _put(config: dict[str, Any], path: Path, value: Any) -> bool:
    """Set a value; False when something on the way is not an object."""
    place: Any = config
    for name in path[:-1]:
        if not isinstance(place, dict):
            return False
        place = place.setdefault(name, {})
    if not isinstance(place, dict):
        return False
    place[path[-1]] = value
    return True


def _converted(schemas: Sequence[Schema], text: str) -> Any:
    """A text as the type that an input has; as it is where that is text, unknown or impossible."""
    kinds = {kind for schema in schemas for kind in types(schema)}
    if "string" in kinds:
        return text
    if "boolean" in kinds and text.strip().lower() in _BOOLEANS:
        return _BOOLEANS[text.strip().lower()]
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    wanted = {
        "integer": int,
        "number": int | float,
        "array": list,
        "object": dict,
    }
    fits = any(kind in kinds and isinstance(value, python) for kind, python in wanted.items())
    return value if fits and not isinstance(value, bool) else text


def _drop_nulls(schema: Schema, value: dict[str, Any]) -> None:
    """Take out inputs that are null where there is no null: an empty line in a file is no input."""
    for name, described in properties(schema).items():
        kinds = {kind for one in described for kind in types(one)}
        if name in value and value[name] is None and kinds and "null" not in kinds:
            del value[name]
        elif isinstance(value.get(name), dict):
            for one in described:
                _drop_nulls(one, value[name])


def _add_defaults(schema: Schema, value: dict[str, Any]) -> None:
    """Fill in the defaults of an object, and of the objects in it."""
    own = schema.get("properties")
    for name, described in own.items() if isinstance(own, Mapping) else ():
        if not isinstance(described, Mapping):
            continue
        if name not in value and "default" in described:
            value[name] = copy.deepcopy(described["default"])
        if isinstance(value.get(name), dict):
            _add_defaults(described, value[name])
    for form in forms(schema):
        if form in (schema.get("allOf") or ()) or has_constants(form, value):
            _add_defaults(form, value)
