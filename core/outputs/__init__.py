"""Where records, state, traces and tokens go: standard output, files, directories."""

from core.outputs.destination import Destination
from core.outputs.faults import OutputError
from core.outputs.har import HarTrace
from core.outputs.sinks import FileSink, Sink, StdoutSink
from core.outputs.state import StateFile
from core.outputs.token_file import TokenFile
from core.outputs.turns import Turns

__all__ = [
    "Destination",
    "FileSink",
    "HarTrace",
    "OutputError",
    "Sink",
    "StateFile",
    "StdoutSink",
    "TokenFile",
    "Turns",
]
