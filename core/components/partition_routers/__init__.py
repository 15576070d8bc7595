"""Partition routers: components that divide a stream into partitions, each read on its own."""

from core.components.partition_routers.combined import GroupingPartitionRouter, UnionPartitionRouter
from core.components.partition_routers.substream import ParentStreamConfig, SubstreamPartitionRouter
from core.components.partition_routers.values import ListPartitionRouter

__all__ = [
    "GroupingPartitionRouter",
    "ListPartitionRouter",
    "ParentStreamConfig",
    "SubstreamPartitionRouter",
    "UnionPartitionRouter",
]
