"""The JSON Schema that the reference has for a stream."""

from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource


def schema(manifest, config, stream_name):
    """The schema of one stream, as it is discovered."""
    source = ConcurrentDeclarativeSource(config=config, catalog=None, state=[], source_config=manifest)
    streams = source.discover(None, config).streams
    return next(stream.json_schema for stream in streams if stream.name == stream_name)
