"""Partition routers: components that divide a stream into partitions, each read on its own."""

from core.components.partition_routers.grouping import GroupingPartitionRouter
from core.components.partition_routers.list_router import ListPartitionRouter
from core.components.partition_routers.parents import ParentRead, ParentRecord
from core.components.partition_routers.partitions import Partitions
from core.components.partition_routers.substream import ParentStreamConfig, SubstreamPartitionRouter
from core.components.partition_routers.union import UnionPartitionRouter
from core.components.partition_routers.walk import Seeds, Walk
from core.components.partition_routers.written import extra_field_names

__all__ = [
    "GroupingPartitionRouter",
    "ListPartitionRouter",
    "ParentRead",
    "ParentRecord",
    "ParentStreamConfig",
    "Partitions",
    "Seeds",
    "SubstreamPartitionRouter",
    "UnionPartitionRouter",
    "Walk",
    "extra_field_names",
]
