"""The test of a template that is not complete: what its streams are made of is read and looked at by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.components.dynamic import DynamicDeclarativeStream, DynamicStream
from core.connector import Connector
from core.connector.building import TreeBuilder, unknown_source
from core.connector.streams import StreamEntry
from core.manifest.problems import Path, Severity
from core.wording import clean
from tui.forms.wording import message_and_hint
from tui.model.layout import tab_of
from tui.model.problems import Finding
from tui.model.session import BuilderSession
from tui.model.specs import types_in_labels
from tui.trials.trial import Listing

_RESOLVER = "components_resolver"
_MAPPINGS = "components_mapping"
_STAND_IN = [{"type": "ComponentMappingDefinition", "field_path": ["name"], "value": "list"}]
"""In the place of mappings that are not complete; nothing is made with it."""


def listing_of(session: BuilderSession, stream: int) -> Listing | None:
    """What can be tested of a template that has errors; None where that is nothing, and for everything else.

    The session must have been checked, and its errors be shown.
    """
    place, name = session.view.place(stream), session.streams.name(stream)
    errors = [one for one in session.in_order(place.around) if one.is_error]
    if not place.is_template or not errors or session.streams.names().count(name) > 1:
        return None
    resolver: Path = (*place.around, _RESOLVER)
    mappings: Path = (*resolver, _MAPPINGS)
    if any(_is_at(one, resolver) and not _is_at(one, mappings) for one in errors):
        return None
    written = session.value(resolver)
    if not isinstance(written, Mapping) or not written.get("retriever"):
        return None
    definition = _definition(name, written, place.around)
    if definition is None:
        return None
    tabs, inside = session.tabs(stream), session.streams.inside(errors[0].path)
    tab, entry = tab_of(tabs, inside)
    title = [*tabs[tab]][entry].title if tabs else ""
    return Listing(definition, _sentence(session, errors), tabs[tab].title if tabs else "", title, inside)


def with_list(connector: Connector, path: Path, listing: Listing) -> Connector:
    """The connector with the list as a stream in the place of the template at a path."""
    stream = listing.definition.stream_template
    others = [entry for entry in connector.entries if entry.path != path]
    return connector.listing([*others, StreamEntry(path, stream.name, stream)])


def _is_at(finding: Finding, path: Path) -> bool:
    """Whether a problem is at a path or below it; mappings that are missing are a problem of their place."""
    return finding.path[: len(path)] == path


def _definition(name: str, resolver: Mapping[str, Any], path: Path) -> DynamicDeclarativeStream | None:
    tree = {
        "type": "DynamicDeclarativeStream",
        "stream_template": {"type": "DeclarativeStream", "name": name, "retriever": resolver["retriever"]},
        _RESOLVER: {**resolver, _MAPPINGS: _STAND_IN},
    }
    builder = TreeBuilder(unknown_source)
    built = builder.build(tree, DynamicStream, path, frozenset())
    wrong = any(one.severity is Severity.ERROR for one in builder.problems)
    return built if isinstance(built, DynamicDeclarativeStream) and not wrong else None


def _sentence(session: BuilderSession, errors: list[Finding]) -> str:
    said = list(dict.fromkeys(labelled(session, one) for one in errors))
    more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
    return f"This is what the streams are made of. None can be made yet: {said[0].rstrip('.')}{more}."


def labelled(session: BuilderSession, finding: Finding) -> str:
    """The sentence of a problem, with fields and components called as in the forms."""
    return clean(types_in_labels(message_and_hint(session, finding)[0]))
