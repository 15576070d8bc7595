"""What the reference makes of the inputs before it reads."""

from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource


def normalized(manifest, config):
    """The inputs after migrations and transformations; validations that fail raise."""
    source = ConcurrentDeclarativeSource(config=config, catalog=None, state=[], source_config=manifest)
    source.streams(config)
    return source._config
