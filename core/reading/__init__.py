"""Reading: slices planned and run, records selected and delivered, everything reported as one stream of events."""

from core.reading.carried import Carried
from core.reading.opening import make_streams, open_reader, read
from core.reading.plan import Limits
from core.reading.reader import Reader
from core.runtime.errands import THREADS

__all__ = ["THREADS", "Carried", "Limits", "Reader", "make_streams", "open_reader", "read"]
