"""How the reference loads, resolves and completes a manifest."""

import datetime

from airbyte_cdk.sources.declarative.parsers import manifest_component_transformer as transformer
from airbyte_cdk.sources.declarative.parsers.manifest_reference_resolver import ManifestReferenceResolver
from airbyte_cdk.utils.yaml_loader import safe_load_yaml


def load(text):
    """The raw tree, with dates as text."""
    return _plain(safe_load_yaml(text))


def expand(text):
    """The tree that the reference builds components from, less the keys that only hold reference targets."""
    manifest = safe_load_yaml(text)
    manifest.setdefault("type", "DeclarativeSource")
    resolved = ManifestReferenceResolver().preprocess_manifest(manifest)
    expanded = transformer.ManifestComponentTransformer().propagate_types_and_parameters("", resolved, {})
    return _plain({key: value for key, value in expanded.items() if key not in ("definitions", "schemas")})


def default_types():
    """Both tables of default types: `Parent.field` to type."""
    return dict(transformer.DEFAULT_MODEL_TYPES), dict(transformer.CUSTOM_COMPONENTS_MAPPING)


def _plain(value):
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, datetime.date) else value
