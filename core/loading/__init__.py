"""Loads records into databases, warehouses and lakes with dlt."""
