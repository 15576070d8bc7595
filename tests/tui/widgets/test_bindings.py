from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest
from textual.binding import Binding
from textual.widget import Widget

import tui.widgets

NEVER_ARRIVE = {"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+enter", "ctrl+tab", "shift+enter", "alt+enter"}


def widgets() -> list[type[Widget]]:
    modules = [
        importlib.import_module(f"tui.widgets.{module.name}") for module in pkgutil.iter_modules(tui.widgets.__path__)
    ]
    return [
        member
        for module in modules
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Widget) and member.__module__ == module.__name__
    ]


@pytest.mark.parametrize("widget", widgets())
def test_every_key_can_be_sent_explained_and_rebound(widget: type[Widget]) -> None:
    for binding in widget.__dict__.get("BINDINGS", ()):
        assert isinstance(binding, Binding)
        assert binding.id
        assert binding.description
        assert binding.tooltip
        assert not NEVER_ARRIVE & set(binding.key.split(","))


def test_no_two_bindings_have_the_same_id() -> None:
    ids = [
        binding.id
        for widget in widgets()
        for binding in widget.__dict__.get("BINDINGS", ())
        if binding.id != "template.complete"
    ]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("widget", widgets())
def test_every_widget_and_message_is_documented(widget: type[Widget]) -> None:
    assert inspect.getdoc(widget)
    for _, member in inspect.getmembers(widget, inspect.isclass):
        if member.__qualname__.startswith(f"{widget.__name__}."):
            assert member.__doc__
