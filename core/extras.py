"""The extras: what is needed for some tasks only, installed when wanted and imported when used."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from core.errors import LonghaulError

DISTRIBUTION = "longhaul-connectors"


class MissingExtra(LonghaulError):
    """A library that a task needs is not installed; the message says how to get it."""


def how_to_install(what: str, extra: str) -> str:
    """The sentence about `what`, the subject in the plural, that needs an extra which is not installed."""
    return f"{what} need the extra `{extra}`: pip install '{DISTRIBUTION}[{extra}]'."


def is_installed(module: str) -> bool:
    """Whether a library can be imported; does not import it."""
    return find_spec(module) is not None


def load(module: str, what: str, extra: str) -> Any:
    """Import a library of an extra. Raises `MissingExtra`."""
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtra(how_to_install(what, extra)) from None
