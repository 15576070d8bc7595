"""What the reference reads with custom components."""

import hashlib

from airbyte_cdk.sources.declarative.parsers.custom_code_compiler import register_components_module_from_string
from reading import read as read_stream


def read(code, manifest, config, stream_name, state=None):
    """As `reading.read`, with the code that the manifest names as custom components."""
    checksums = {"sha256": hashlib.sha256(code.encode()).hexdigest()}
    register_components_module_from_string(code, checksums)
    return read_stream(manifest, config, stream_name, state)
