"""Names of component types for people, made from their class names where a class does not give one."""

from __future__ import annotations

import re
from functools import cache

from core.components.base import Component

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SPELLED = {
    "api": "API",
    "csv": "CSV",
    "http": "HTTP",
    "id": "ID",
    "json": "JSON",
    "jwt": "JWT",
    "oauth": "OAuth",
    "url": "URL",
    "xml": "XML",
}
_WHOLE = (("GraphQL", "Graphql"), ("OAuth", "Oauth"))
"""Names with capitals inside, which would fall apart into words."""


@cache
def type_label(component: type[Component]) -> str:
    """The name of a component type: `BearerAuthenticator` is "Bearer", `RequestBodyJsonObject` is "JSON object".

    What says only which role the component plays is left out.
    """
    if component.label:
        return component.label
    name = component.__name__
    for role in (base.__name__ for base in component.__mro__[1:] if getattr(base, "is_role", False)):
        shorter = name.removesuffix(role).removeprefix(role)
        if shorter and shorter != name and role != "Component":
            name = shorter
            break
    return in_words(name)


def in_words(name: str) -> str:
    """A class or field name as a phrase in sentence case."""
    for written, joined in _WHOLE:
        name = name.replace(written, joined)
    words = [word.lower() for part in name.split("_") for word in _WORDS.findall(part)]
    spelled = [_SPELLED.get(word, "GraphQL" if word == "graphql" else word) for word in words]
    phrase = " ".join(spelled)
    return phrase if not words or words[0] in _SPELLED else phrase[:1].upper() + phrase[1:]


def first_sentence(component: type[Component]) -> str:
    """The first sentence of what a component type says of itself, as one line of help."""
    paragraph = " ".join((component.__doc__ or "").split("\n\n")[0].split())
    end = re.search(r"\.(?= [A-Z])", paragraph)
    return paragraph[: end.start() + 1] if end else paragraph
