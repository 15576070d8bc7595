"""Reading: slices planned and run, records selected and delivered, everything reported as one stream of events."""

from core.reading.plan import Limits
from core.reading.reader import THREADS, Reader, make_streams, open_reader, read

__all__ = ["THREADS", "Limits", "Reader", "make_streams", "open_reader", "read"]
