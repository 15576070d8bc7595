"""Which hosts the inputs of requests are sent to, so that a secret of one API never gets to another one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tui.model.config_references import inputs_in, inputs_of
from tui.model.session import BuilderSession

_ADDRESSES = ("url", "url_base", "token_refresh_endpoint")
_AUTHORITY = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*://)?((?:\{\{.*?\}\}|[^/?#{\s])+)", re.I)

Hosts = dict[str, set[str]]
"""The hosts by the names of inputs. A host may be a template, which stands for itself."""


def hosts_by_input(tree: Any) -> Hosts:
    """The hosts that each input of a tree is sent to, as far as they are known before a run."""
    found: Hosts = {}
    for name, host in _uses(tree, ""):
        found.setdefault(name, set()).update({host} - {""})
    return found


def hosts_of(session: BuilderSession, key: str) -> set[str]:
    """The hosts that an input of a manifest is sent to."""
    found: set[str] = set()
    for index in range(session.view.stream_count):
        found |= hosts_by_input(session.value(session.streams.path(index))).get(key, set())
    return found


def inputs_of_hosts(hosts: Hosts) -> set[str]:
    """The inputs that hosts are made of."""
    return {name for found in hosts.values() for host in found for name in inputs_in(host)}


def is_of_a_host(session: BuilderSession, key: str) -> bool:
    """Whether an input tells where streams of a manifest send to."""
    streams = (session.value(session.streams.path(index)) for index in range(session.view.stream_count))
    return any(key in inputs_of_hosts(hosts_by_input(one)) for one in streams)


def _uses(value: Any, host: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        host = _host(value, host)
        yield from ((name, host) for name in inputs_of({key: one for key, one in value.items() if _is_path(one)}))
        for one in value.values():
            yield from _uses(one, host)
    elif isinstance(value, list):
        for one in value:
            yield from _uses(one, host)
    elif isinstance(value, str):
        yield from ((name, host) for name in inputs_in(value))


def _is_path(value: Any) -> bool:
    """Whether a value may be a path into the inputs, whose first item names one."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _host(component: dict[str, Any], around: str) -> str:
    """The host of a requester; what is in one is sent where it sends to. Unknown where only a run can tell."""
    address = next((one for key in _ADDRESSES if isinstance(one := component.get(key), str) and one), None)
    if address is None:
        return around
    authority = _AUTHORITY.match(address)
    if authority is None or ("{{" in authority[1] and not inputs_in(authority[1])):
        return ""
    return authority[1].lower()
