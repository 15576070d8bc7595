"""Partition routers: components that divide a stream into partitions, each read on its own."""

from core.components.partition_routers.list_router import ListPartitionRouter
from core.components.partition_routers.parents import ParentRead, ParentRecord
from core.components.partition_routers.partitions import Partitions, extra_field_names
from core.components.partition_routers.substream import (
    ParentStreamConfig,
    ParentWalk,
    SubstreamPartitionRouter,
)

__all__ = [
    "ListPartitionRouter",
    "ParentRead",
    "ParentRecord",
    "ParentStreamConfig",
    "ParentWalk",
    "Partitions",
    "SubstreamPartitionRouter",
    "extra_field_names",
]
