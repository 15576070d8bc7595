"""`longhaul --make-source`: a command that speaks the Airbyte protocol for one manifest."""

from __future__ import annotations

import os
from pathlib import Path

from core.command.arguments import Arguments
from core.protocols.wrapper import make_source


def write_source(arguments: Arguments) -> int:
    """Write the command, and say how to try it out. Raises `LonghaulError`."""
    assert arguments.manifest is not None
    assert arguments.output is not None
    make_source(arguments.manifest, Path(arguments.output))
    command = arguments.output if os.sep in arguments.output else os.path.join(".", arguments.output)
    print(f"{arguments.output} is an Airbyte source for {arguments.manifest}; try: {command} spec", flush=True)
    return 0
