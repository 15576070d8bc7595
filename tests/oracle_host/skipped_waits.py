"""Importing this makes the waits of the reference take no time: its clock goes on by as much instead.

That goes for the five seconds between its polls, for the time limits of jobs, and for what it waits before a request
is repeated.
"""

import time
from datetime import datetime, timedelta
from threading import Lock
from types import SimpleNamespace

import airbyte_cdk.sources.streams.http.rate_limiting as repeats
import backoff._sync as more_repeats
from airbyte_cdk.sources.declarative.async_job import job, job_orchestrator, timer

_TURN = 0.005
"""Real seconds of each wait, in which other threads go on."""


class _Clock(datetime):
    skipped = timedelta()
    lock = Lock()

    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + cls.skipped

    @classmethod
    def sleep(cls, seconds):
        time.sleep(_TURN)
        with cls.lock:
            cls.skipped += timedelta(seconds=seconds)


for waiting in (repeats, more_repeats, job_orchestrator):
    waiting.time = SimpleNamespace(**{**vars(time), "sleep": _Clock.sleep})
for dated in (job, job_orchestrator, timer):
    dated.datetime = _Clock
