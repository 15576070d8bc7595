"""Loads records into databases, warehouses and lakes with dlt."""

from core.loading.address import Address, parse_address
from core.loading.loader import LoadBuffer, Loads
from core.loading.pipeline import Target, dataset_name
from core.loading.source import longhaul_source

__all__ = ["Address", "LoadBuffer", "Loads", "Target", "dataset_name", "longhaul_source", "parse_address"]
