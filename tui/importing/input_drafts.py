"""Collects the inputs that texts from outside lead to, and gives the templates that stand for them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from core.http.secrets import MASK
from tui.importing.drafts import InputDraft
from tui.importing.marks import MARK, marked
from tui.importing.secret_names import is_example, is_secret_name
from tui.model.config_references import inputs_in, reference, template_tokens

_BARE = re.compile(r"\{\{\s*(?!config\.)([A-Za-z_$][\w.-]{0,80})\s*\}\}")
_FILTERS = ("tojson", "urlencode")
_OF_A_RUN = frozenset({"download_target", "next_page_token", "stream_slice", "stream_partition", "stream_interval"})
_TEMPLATE = re.compile(r"\{\{\s*[\w'(\[][^{}%#]*\}\}")
_OPENING = re.compile(r"\{%|\{#|\{\{")
"""What would begin a template, without being one."""


class InputCollector:
    """The inputs of one or several drafts: equal ones once, others of the same name with a number behind it.

    `known` are the values of marks (see `marks`).
    """

    def __init__(self, known: dict[str, str] | None = None) -> None:
        self.known = dict(known or {})
        self._found: dict[str, InputDraft] = {}
        self._secrets: set[str] = set()

    @property
    def inputs(self) -> tuple[InputDraft, ...]:
        return tuple(self._found.values())

    def secret(self, key: str, title: str, value: str) -> str:
        """The template for a secret. One that holds templates or marks already keeps them, and they become secrets."""
        if "{{" in value or MARK.search(value):
            return self.text(value, secret=True)
        return self.add(InputDraft(key, title, secret=True, value=value))

    def mark(self, name: str, value: str) -> str:
        """The mark for a secret. One that holds templates or marks already keeps them, and they become secrets."""
        held = {one.partition("|")[0] for one in MARK.findall(value)}
        self._secrets |= held
        if held or not value or "{{" in value:
            return value
        unique, number = name, 2
        while self.known.setdefault(unique, value) != value:
            unique, number = f"{name}_{number}", number + 1
        self._secrets.add(unique)
        return marked(unique)

    def text(self, value: str, *, secret: bool = False) -> str:
        """A text with inputs in the place of its marks; what looks like a template in it by chance stays as it is.

        So do templates that would read inputs in other ways than by their names.
        """
        bare = _BARE.sub(lambda found: found[0] if found[1] in _OF_A_RUN else marked(found[1]), value)
        parts, end = [], 0
        for found in _TEMPLATE.finditer(bare):
            parts += [_literal(bare[end : found.start()]), _without_config(found[0])]
            end = found.end()
        plain = "".join([*parts, _literal(bare[end:])])
        return MARK.sub(lambda found: self._marked(found[1], secret=secret), plain)

    def tree(self, value: Any) -> Any:
        """A value with `text` applied to all its texts."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.tree(one) for key, one in value.items()}
        return [self.tree(one) for one in value] if isinstance(value, list) else value

    def add(self, new: InputDraft) -> str:
        """The template for an input; a value that is masked, or only shows where one belongs, is no value."""
        if isinstance(new.value, str) and (not new.value or MASK in new.value or is_example(new.value)):
            new = replace(new, value=None)
        key, number = new.key, 2
        while (known := self._found.get(key)) is not None and not _fit(known, new):
            key, number = f"{new.key}_{number}", number + 1
        if known is None:
            self._found[key] = replace(new, key=key)
        else:
            value = known.value if known.value is not None else new.value
            self._found[key] = replace(known, value=value, secret=known.secret or new.secret)
        return reference(key)

    def _marked(self, name: str, *, secret: bool) -> str:
        plain, _, through = name.rpartition("|")
        if through in _FILTERS:
            return self._marked(plain, secret=secret).replace(" }}", f" | {through} }}}}")
        key = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "value"
        title = re.sub(r"[^A-Za-z0-9]+", " ", name).strip().capitalize()
        is_secret = secret or name in self._secrets or is_secret_name(name)
        return self.add(InputDraft(key, title, secret=is_secret, value=self.known.get(name)))


def _literal(text: str) -> str:
    return _OPENING.sub(lambda found: f"{{{{ '{found[0]}' }}}}", text)


def _without_config(template: str) -> str:
    """A template as it is when it reads no inputs, a mark for the only one that it gives, else the plain text."""
    tokens = [value for kind, value in template_tokens(template) if kind not in ("whitespace", "comment")]
    if "config" not in tokens and tokens:
        return template
    names = inputs_in(template)
    steps = (".", "get", "(", ")", "[", "]", "config")
    is_reference = len(names) == 1 and all(one in steps or one.strip("'\"") == names[0] for one in tokens[1:-1])
    return marked(names[0]) if is_reference else _literal(template)


def _fit(one: InputDraft, other: InputDraft) -> bool:
    if (one.options, one.default) != (other.options, other.default):
        return False
    return one.value is None or other.value is None or one.value == other.value
