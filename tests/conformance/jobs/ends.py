"""How jobs end, and what comes of those that don't end well: which are created again, aborted, deleted."""

from __future__ import annotations

from typing import Any

from tests.conformance.jobs.scenario import BY_KIND, DAYS, JOB, KIND, Difference, Scenario, creation, each_days, request

ABORT = {"abort_requester": request(f"{JOB}/abort", "POST")}
DELETE = {"delete_requester": request(f"{JOB}/delete", "POST")}
LIMIT = {"polling_job_timeout": "{{ config['minutes'] }}"}
SKIPS = {
    "status_mapping": {
        "type": "AsyncJobStatusMap",
        "running": ["queued", "running"],
        "completed": ["done"],
        "failed": ["failed"],
        "timeout": ["expired"],
        "skipped": ["empty"],
    }
}
CLEARED = {"requests": Difference("Jobs are cleared away.", "/abort|/delete")}
OUT_OF_TIME = "A job that is out of time for good"
ONE_MORE = Difference(OUT_OF_TIME, "POST /jobs ")
SKIPPED = Difference("A skipped job")
BY_DAYS: dict[str, Any] = {"incremental_sync": each_days()}


def _life(life: str, *more: dict[str, Any], **body: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"creation_requester": creation(life, **body)}
    for one in more:
        fields |= one
    return fields


SCENARIOS = {
    "one job": Scenario(),
    "done at once": Scenario(retriever=_life("201 done")),
    "queued, running, done": Scenario(retriever=_life("201 queued queued running running running done")),
    "failed, and made again": Scenario(retriever=_life("201 running failed; 201 done")),
    "failed twice, and made again": Scenario(retriever=_life("201 failed; 201 running failed; 201 running done")),
    "failed three times": Scenario(
        retriever=_life("201 running failed", ABORT, DELETE), status="INCOMPLETE", records=0, otherwise=CLEARED
    ),
    "failed, and made again after a minute": Scenario(
        retriever=_life("201 failed; 201 done", {"failed_retry_wait_time_in_seconds": 60})
    ),
    "failed in one way and the other": Scenario(
        retriever=_life("201 failed; 201 expired; 201 running done", ABORT, DELETE), otherwise=CLEARED
    ),
    "out of time by its status, and made again": Scenario(retriever=_life("201 running expired; 201 running done")),
    "out of time by its status, aborted, and made again": Scenario(
        retriever=_life("201 running expired; 201 running done", ABORT, DELETE), otherwise=CLEARED
    ),
    "out of time by its status for good": Scenario(
        retriever=_life("201 expired", ABORT), status="INCOMPLETE", records=0
    ),
    "out of time, and made again": Scenario(retriever=_life("201 running; 201 running done", LIMIT), polls_vary=True),
    "out of time, aborted, and made again": Scenario(
        retriever=_life("201 running; 201 running done", LIMIT, ABORT), polls_vary=True, otherwise=CLEARED
    ),
    "out of time for good": Scenario(
        retriever=_life("201 running", LIMIT),
        polls_vary=True,
        status="INCOMPLETE",
        records=0,
        otherwise={"check": Difference(OUT_OF_TIME), "requests": ONE_MORE},
    ),
    "one of three intervals is out of time for good": Scenario(
        retriever=_life(
            "{{ '201 running' if stream_interval['start_time'] == '2024-01-03' else '201 done' }}", LIMIT, **DAYS
        ),
        stream={"incremental_sync": each_days(2)},
        source={"max_concurrent_async_job_count": 3},
        polls_vary=True,
        status="INCOMPLETE",
        records=4,
        otherwise={"states": Difference(OUT_OF_TIME), "requests": ONE_MORE},
    ),
    "in time": Scenario(retriever=_life("201 running running running running done", LIMIT)),
    "a day is enough": Scenario(
        retriever=_life("201 running running done", {"polling_job_timeout": 1440}), polls_vary=True
    ),
    "deleted when it is done": Scenario(retriever=DELETE),
    "deleted, which fails": Scenario(
        retriever={"delete_requester": request(f"{JOB}/lost", "POST")},
        otherwise={"statuses": Difference("A job that can't be deleted")},
    ),
    "skipped": Scenario(retriever=_life("201 running empty", SKIPS), records=0, otherwise={"check": SKIPPED}),
    "skipped, and deleted": Scenario(
        retriever=_life("201 running empty", SKIPS, ABORT, DELETE), records=0, otherwise={"check": SKIPPED, **CLEARED}
    ),
    "one partition is skipped": Scenario(
        retriever=_life(
            "{{ '201 empty' if stream_partition['kind'] == 'a' else '201 done' }}",
            SKIPS,
            {"partition_router": BY_KIND},
            kind=KIND,
        ),
        records=3,
    ),
    "the last interval is skipped": Scenario(
        retriever=_life(
            "{{ '201 empty' if stream_interval['start_time'] == '2024-01-04' else '201 done' }}", SKIPS, **DAYS
        ),
        stream=BY_DAYS,
        records=3,
    ),
    "the first interval is skipped": Scenario(
        retriever=_life(
            "{{ '201 empty' if stream_interval['start_time'] == '2024-01-01' else '201 done' }}", SKIPS, **DAYS
        ),
        stream=BY_DAYS,
        records=3,
        otherwise={"states": SKIPPED},
    ),
    "failed, then skipped": Scenario(
        retriever=_life("201 failed; 201 empty", SKIPS), records=0, otherwise={"check": SKIPPED}
    ),
    "a status that nobody mapped": Scenario(
        retriever=_life("201 running odd done"), otherwise={"statuses": Difference("A status that nobody mapped")}
    ),
    "refused for the moment": Scenario(retriever=_life("503; 201 running done")),
    "refused because of too many requests": Scenario(retriever=_life("429; 429; 201 running done")),
    "refused for good": Scenario(
        retriever=_life("400"),
        status="INCOMPLETE",
        records=0,
        otherwise={"requests": Difference("A creation that is refused for good", "POST /jobs ")},
    ),
    "forbidden": Scenario(retriever=_life("403"), status="INCOMPLETE", records=0),
    "one is forbidden while the other runs": Scenario(
        retriever=_life(
            "{{ '403' if stream_partition['kind'] == 'b' else '201 running running running done' }}",
            ABORT,
            {"partition_router": BY_KIND},
            kind=KIND,
        ),
        source={"max_concurrent_async_job_count": 2},
        status="INCOMPLETE",
        records=0,
        otherwise={"check": Difference("A check reads the first slice")},
    ),
    "a poll that fails for the moment": Scenario(retriever=_life("201 running 503 done")),
    "a poll that is refused because of too many requests": Scenario(retriever=_life("201 running 429 429 done")),
    "a poll that is forbidden": Scenario(retriever=_life("201 running 403", ABORT), status="INCOMPLETE", records=0),
}
