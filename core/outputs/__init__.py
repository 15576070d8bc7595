"""Where records, state, traces and tokens go: standard output, files, directories."""

from core.outputs.destination import Destination
from core.outputs.durable import OutputError
from core.outputs.har import HarTrace
from core.outputs.sinks import FileSink, Sink, StdoutSink
from core.outputs.slice_buffer import Turns
from core.outputs.state import StateFile
from core.outputs.token_file import TokenFile

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
