"""Which component types there are: every class in `core.components` and in third-party packages.

Another package adds components by naming a module under the entry point group `longhaul.components`; importing that
module defines the classes, which is all it takes.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoint, entry_points

import core.components
from core.components.custom.base import CustomComponent
from core.errors import InputError
from core.runtime.component import Component

ENTRY_POINTS = "longhaul.components"


@cache
def component_types() -> dict[str, type[Component]]:
    """Every concrete component class by its type name. Raises `InputError` for a package that can't be loaded."""
    for module in pkgutil.walk_packages(core.components.__path__, "core.components."):
        importlib.import_module(module.name)
    for entry in entry_points(group=ENTRY_POINTS):
        _load(entry)
    return Component.registered


def _load(entry: EntryPoint) -> None:
    """Load the components of another package. Raises `InputError` that names it."""
    try:
        entry.load()
    except Exception as error:
        package = f"The package `{entry.dist.name}`" if entry.dist else f"`{entry.name}`"
        raise InputError(
            f"{package} adds components to Longhaul, but its module `{entry.value}` can't be loaded "
            f"({type(error).__name__}: {error}). Mend the package, or uninstall it."
        ) from error


@cache
def custom_types() -> dict[str, type[CustomComponent]]:
    """The classes of components that are Python code for Airbyte, by type name. They are no choices of any role."""
    component_types()
    return CustomComponent.kinds


@cache
def choices(role: type[Component]) -> tuple[type[Component], ...]:
    """The concrete classes that fill a slot of this role (or concrete class), by name."""
    found = [cls for cls in component_types().values() if issubclass(cls, role)]
    return tuple(sorted(found, key=lambda cls: cls.__name__))
