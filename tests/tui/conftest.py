"""Tests of the builder wait for what they expect, not for the clock.

Textual's pilot looks fifty times a second whether the app has come to rest, twice for each key. Looking more often is
as sure, for it happens on the app's own event loop, and takes a fraction of the time.
"""

from __future__ import annotations

from textual import _wait

_wait.SLEEP_GRANULARITY = 1 / 250
_wait.SLEEP_IDLE = _wait.SLEEP_GRANULARITY / 20
