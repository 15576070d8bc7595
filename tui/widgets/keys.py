"""Short ways to write a widget's key bindings, each with its id (what a person rebinds it by) and its tooltip."""

from __future__ import annotations

from textual.binding import Binding


def shown(key: str, action: str, description: str, tooltip: str, id: str, *, display: str | None = None) -> Binding:
    """A binding that the footer shows."""
    return Binding(key, action, description, tooltip=tooltip, id=id, key_display=display)


def hidden(
    key: str, action: str, description: str, tooltip: str, id: str, *, display: str | None = None, first: bool = False
) -> Binding:
    """A binding that only the help shows; with `first` no widget below may take the key for something else."""
    return Binding(key, action, description, show=False, tooltip=tooltip, id=id, key_display=display, priority=first)
