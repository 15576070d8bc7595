"""Choosing component types: what was entered under other types is remembered, and authenticators bring inputs."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from core.connector.registry import component_types
from core.manifest.links import PathMove, copied_with_references, exists, reference_texts
from core.manifest.problems import Path
from core.manifest.resolver import resolve_references
from core.runtime.component import Component
from tui.model.config_references import reference
from tui.model.editor import ManifestEditor
from tui.model.inputs import Input, Inputs
from tui.model.new_components import new_component
from tui.model.problems import Visibility
from tui.model.specs import Kind, form_spec
from tui.model.view import without_circles

_API_KEY = ("api_token", Input("api_key", "API Key", secret=True))
_AUTHENTICATOR_INPUTS: dict[str, tuple[tuple[str, Input], ...]] = {
    "ApiKeyAuthenticator": (_API_KEY,),
    "BearerAuthenticator": (_API_KEY,),
    "BasicHttpAuthenticator": (
        ("username", Input("username", "Username")),
        ("password", Input("password", "Password", required=False, secret=True)),
    ),
    "JwtAuthenticator": (("secret_key", Input("secret_key", "Secret Key", secret=True)),),
    "LegacySessionTokenAuthenticator": (
        ("session_token", Input("session_token", "Session Token", required=False, secret=True)),
        ("username", Input("username", "Username")),
        ("password", Input("password", "Password", required=False, secret=True)),
    ),
    "OAuthAuthenticator": (
        ("client_id", Input("client_id", "Client ID", secret=True)),
        ("client_secret", Input("client_secret", "Client Secret", secret=True)),
        ("refresh_token", Input("client_refresh_token", "Refresh Token", secret=True)),
        ("access_token_value", Input("client_access_token", "Access Token", required=False, secret=True)),
    ),
    "RateLimitedMultipleTokenAuthenticator": (
        ("tokens", Input("api_tokens", "API Tokens", hint="Several tokens, separated by commas.", secret=True)),
    ),
}
"""By the type of the authenticator: the field, and the input that it takes its value from (Airbyte: the same)."""


def with_inputs(component: dict[str, Any]) -> dict[str, Any]:
    """A new authenticator with references to its inputs; every other component as it is."""
    inputs = _AUTHENTICATOR_INPUTS.get(str(component.get("type")), ())
    return {**component, **{field: reference(one.key) for field, one in inputs if not component.get(field)}}


def is_brought(component: Any, field: str) -> bool:
    """Whether a field of an authenticator is as it came, a reference to an input of its own."""
    written = component if isinstance(component, dict) else {}
    brought = dict(_AUTHENTICATOR_INPUTS.get(str(written.get("type")), ()))
    return field in brought and written.get(field) == reference(brought[field].key)


def add_inputs(component: dict[str, Any], inputs: Inputs) -> list[str]:
    """Create the inputs that a wired authenticator refers to and that are not there; the keys of those created."""
    created = []
    for field, one in _AUTHENTICATOR_INPUTS.get(str(component.get("type")), ()):
        if component.get(field) == reference(one.key) and inputs.get(one.key) is None:
            inputs.add(one)
            created.append(one.key)
    return created


TEXT = ""
"""The name under which a template is remembered that stands in place of a component."""
TEXTS = "[]"
"""The same for a list of texts."""


@dataclass(frozen=True, slots=True)
class _Entered:
    """A value, and the manifest that the references in it led to."""

    value: Any
    root: dict[str, Any]


class TypeMemory:
    """Chooses component types in an editor. What is remembered lasts as long as the editor."""

    def __init__(self, editor: ManifestEditor, inputs: Inputs, visibility: Visibility) -> None:
        self._editor = editor
        self._inputs = inputs
        self._visibility = visibility
        self._remembered: dict[Path, dict[str, _Entered]] = {}
        self._came_along: set[str] = set()

    def choose(self, path: Path, name: str) -> None:
        """Make the component at a path one of type `name`, or for `TEXT` and `TEXTS` what stands in place of one.

        What was entered when that type was last chosen here comes back; else it is new, with the fields that it has in
        common with the present one. Raises KeyError for a type that does not exist.
        """
        present = self._editor.view.unwrapped(path)
        if present is not None and name_of(present) == name:
            return
        if present is not None:
            self.remember(path, name_of(present), present)
        with self._editor.group(path):
            value = self.recall(path, name)
            if value is None:
                value = "" if name == TEXT else [] if name == TEXTS else self._fitting(path, self._fresh(name, present))
                self._visibility.mark(path, visible=False)
            self._editor.set(path, value)
            self._connect(value)

    def add(self, path: Path, name: str) -> Path:
        """Append a new component to a list; returns its path. Raises KeyError for an unknown type."""
        present = self._editor.value(path)
        index = len(present) if isinstance(present, list) else 0 if present is None else 1
        value = self._fresh(name, None)
        with self._editor.group((*path, index)):
            self._editor.insert(path, index, value)
            self._visibility.mark((*path, index), visible=False)
            self._connect(value)
        return (*path, index)

    def remember(self, path: Path, name: str, value: Any) -> None:
        """Remember what is entered at a path under a type."""
        root = self._editor.document.root if reference_texts(value) else {}
        self._remembered.setdefault(path, {})[name] = _Entered(deepcopy(value), root)

    def recall(self, path: Path, name: str) -> Any:
        """What was entered at a path under a type; None when nothing was.

        References in it stay where they still lead to the same; else what they stood for is written out.
        """
        entered, now = self._remembered.get(path, {}).get(name), self._editor.document.root
        if entered is None:
            return None

        def still(target: Path) -> Path | None:
            if not exists(now, target):
                return None
            is_same = resolve_references(now, target).tree == resolve_references(entered.root, target).tree
            return target if is_same else None

        return self._fitting(path, copied_with_references(entered.root, entered.value, still))

    def drop_unused_inputs(self) -> None:
        """Delete inputs that came along with an authenticator and that nothing uses any more."""
        for key in sorted(self._came_along):
            if self._inputs.get(key) is None:
                self._came_along.discard(key)
            elif not self._inputs.uses(key):
                self._inputs.delete(key)

    def follow(self, moved: PathMove) -> None:
        """Move what is remembered along with its paths."""
        places = {moved(path): types for path, types in self._remembered.items()}
        self._remembered = {path: types for path, types in places.items() if path is not None}

    def _fitting(self, path: Path, value: Any) -> Any:
        """A value for a path without references that would lead back to where it is written."""
        document = self._editor.document
        return without_circles(
            document, document.through_refs(path), without_circles(document, document.slot(path), value)
        )

    def _connect(self, value: Any) -> None:
        if isinstance(value, dict):
            self._came_along.update(add_inputs(value, self._inputs))
        self.drop_unused_inputs()

    def _fresh(self, name: str, present: Any) -> dict[str, Any]:
        component = component_types()[name]
        start = new_component(component)
        known = component_types().get(name_of(present)) if isinstance(present, dict) else None
        return with_inputs({**start, **(_in_common(present, known, component) if known else {})})


def name_of(value: Any) -> str:
    """The name under which a value is remembered."""
    if isinstance(value, dict):
        return str(value.get("type", ""))
    return TEXTS if isinstance(value, list) else TEXT


def _in_common(present: dict[str, Any], old: type[Component], new: type[Component]) -> dict[str, Any]:
    """The values of fields that both classes have in the same kind: a key, a page size, the pairs of a body."""
    pairs = (Kind.PAIRS, Kind.JSON)
    kept = {}
    for field in form_spec(new).fields:
        twin = form_spec(old).field(field.key)
        if twin is None or field.key not in present:
            continue
        if twin.kind is field.kind or (twin.kind in pairs and field.kind in pairs):
            kept[field.key] = deepcopy(present[field.key])
    return kept
