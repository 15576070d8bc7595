"""A job of whose four requests one suffers faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from tests.support.jobs_api import ABORT, DELETE, manifest, serve_job
from tests.support.server import Asked, LoopbackServer, Reply


def job_manifest(server: LoopbackServer, role: str, **fields: Any) -> str:
    """The manifest of a stream with all four requests, in which the requester of `role` has other fields."""
    text = manifest(server, retriever=f"{ABORT % server.url()}\n{DELETE % server.url()}\npolling_job_timeout: 0.05")
    source = yaml.safe_load(text)
    source["streams"][0]["retriever"][f"{role}_requester"] |= fields
    return yaml.safe_dump(source)


def serve(server: LoopbackServer, role: str, *faults: Reply | Callable[[Asked], Reply]) -> None:
    """Serve a job whose requests of `role` suffer the faults first, the last one for good unless it is `well`."""
    serve_job(server, "done")
    well = {
        "creation": Reply({"id": "j1"}, 201),
        "polling": Reply({"state": "done", "url": server.url("/result")}),
        "abort": Reply({}),
        "delete": Reply(b"", 204),
    }
    answers = [fault or well[role] for fault in faults]
    if role == "creation":
        server.on("/jobs", *answers)
    elif role == "abort":
        server.on("/jobs/j1/abort", *answers)
        server.on("/jobs/j1", Reply({"state": "late"}), Reply({}), well["polling"])
    else:
        polls = [well["polling"]] if role != "polling" else answers
        deletes = answers if role == "delete" else [well["delete"]]

        def by_method(asked: Asked) -> Reply:
            queue = deletes if asked.method == "DELETE" else polls
            answer = queue.pop(0) if len(queue) > 1 else queue[0]
            return answer if isinstance(answer, Reply) else answer(asked)

        server.on("/jobs/j1", by_method)


WELL: Any = None
