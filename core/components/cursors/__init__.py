"""Cursors: components that divide a stream into intervals, and what remembers how far it was read."""

from core.components.cursors.clamping import Clamping
from core.components.cursors.counting import IncrementingCountCursor
from core.components.cursors.cursor import Cursor, Observer, Windows
from core.components.cursors.datetime_based import DatetimeBasedCursor
from core.components.cursors.moments import MinMaxDatetime
from core.components.cursors.runtime import make_cursor

__all__ = [
    "Clamping",
    "Cursor",
    "DatetimeBasedCursor",
    "IncrementingCountCursor",
    "MinMaxDatetime",
    "Observer",
    "Windows",
    "make_cursor",
]
