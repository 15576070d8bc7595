"""What the reference makes of dynamic streams."""

from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource


def made(manifest, config):
    """The streams that are made of the templates, each as a resolved tree."""
    return ConcurrentDeclarativeSource(config=config, catalog=None, state=None, source_config=manifest).dynamic_streams
