"""What is known of partition routers from how they are written, before they are components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.components.partition_routers.substream import SubstreamPartitionRouter
from core.components.registry import component_types
from core.components.roles import PartitionRouter


def extra_field_names(raw_router: Any) -> frozenset[str]:
    """The names under which requesters see the extra fields of partitions.

    `raw_router` is the partition router as written, or a list of them, or None.
    """
    routers = raw_router if isinstance(raw_router, list) else [raw_router]
    written = [router for router in routers if isinstance(router, Mapping)]
    return frozenset().union(*(_class_of(router).extra_field_names(router) for router in written))


def _class_of(router: Mapping[str, Any]) -> type[PartitionRouter]:
    """The class of a router; a custom one has its parents where a substream has them (Airbyte)."""
    cls = component_types().get(str(router.get("type")), SubstreamPartitionRouter)
    return cls if issubclass(cls, PartitionRouter) else SubstreamPartitionRouter
