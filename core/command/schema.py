"""`longhaul --schema`: the JSON Schema of manifests, for editors."""

from __future__ import annotations

import sys

from core.command.arguments import Arguments
from core.connector.schema import schema_text


def print_schema(_: Arguments) -> int:
    """Print the schema of all components that are installed."""
    sys.stdout.write(schema_text())
    sys.stdout.flush()
    return 0
