"""Longhaul and Airbyte's runtime side by side: the same manifests, data and server (`make bench`)."""
