"""Cursors: components that divide a stream into intervals and remember how far it was read."""

from core.components.cursors.clamping import Clamping
from core.components.cursors.counting import IncrementingCountCursor
from core.components.cursors.datetime_based import DatetimeBasedCursor, MinMaxDatetime

__all__ = ["Clamping", "DatetimeBasedCursor", "IncrementingCountCursor", "MinMaxDatetime"]
