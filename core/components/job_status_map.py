"""The status mapping: what each status of the API means for a job."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from core.jobs.statuses import JobStatus
from core.manifest.problems import Problem, Severity
from core.runtime.component import Component

StatusText = Annotated[str, BeforeValidator(str)]

_IN_JSON = {"True": "true", "False": "false", "None": "null"}


class AsyncJobStatusMap(Component):
    """Says what each status of the API means. Statuses are compared as text, upper and lower case as written."""

    running: list[StatusText] = Field(title="Running", description="The job is running: keep polling.")
    completed: list[StatusText] = Field(title="Completed", description="The result is ready for download.")
    failed: list[StatusText] = Field(title="Failed", description="The job failed; it is created again.")
    timeout: list[StatusText] = Field(
        title="Timeout", description="The job took too long; it is aborted and created again."
    )
    skipped: list[StatusText] = Field(
        default_factory=list,
        title="Skipped",
        description="There is no data; the slice is done without records.",
    )

    def meaning(self, status: str) -> JobStatus | None:
        """The bucket that holds `status`, or None; `true`, `false` and `null` may be written as they are in JSON."""
        forms = {status, _IN_JSON.get(status, status)}
        return next((bucket for bucket in JobStatus if not forms.isdisjoint(getattr(self, bucket.value))), None)

    def describe(self) -> str:
        """The whole mapping in one line."""
        parts = [f"{bucket}: {', '.join(getattr(self, bucket)) or '-'}" for bucket in JobStatus]
        return "; ".join(parts)

    def lint(self) -> list[Problem]:
        """No status is in two buckets (Airbyte refuses that too), and one of them means that a job is done."""
        problems: list[Problem] = []
        seen: dict[str, str] = {}
        for bucket in JobStatus:
            for index, status in enumerate(getattr(self, bucket.value)):
                if status in seen:
                    message = f"the status `{status}` is listed under `{seen[status]}` already"
                    problems.append(Problem(message, (bucket.value, index)))
                seen[status] = bucket.value
        if not self.completed and not self.skipped:
            message = "no status means that a job is completed, so that none ever is"
            problems.append(Problem(message, ("completed",), Severity.WARNING))
        return problems
