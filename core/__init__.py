"""Longhaul, the engine: manifests in, events out."""
