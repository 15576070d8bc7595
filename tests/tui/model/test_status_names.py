"""What the name of a status suggests."""

from __future__ import annotations

import pytest

from tui.model.status_names import suggested_meaning

NAMES = {
    "completed": "COMPLETED Complete SUCCEEDED success DONE READY FINISHED JobComplete available OK ended "
    "processed Job_Completed",
    "failed": "FAILED ERROR CANCELLED canceled FATAL EXPIRED aborted REJECTED killed JobFailed "
    "terminated failed-permanently",
    "running": "RUNNING PENDING QUEUED IN_PROGRESS SUBMITTED InQueue processing Job_Not_Started not_ready WAITING "
    "created STARTED InProgress accepted cancelling finishing None",
    "skipped": "NO_DATA EMPTY SKIPPED no_results NoData DONE_NO_DATA",
    "timeout": "TIMED_OUT TIMEOUT timedOut time-out",
}


@pytest.mark.parametrize(("status", "meaning"), [(one, means) for means, all_ in NAMES.items() for one in all_.split()])
def test_the_names_that_apis_use_suggest_their_meaning(status: str, meaning: str) -> None:
    assert suggested_meaning(status) == meaning


@pytest.mark.parametrize("status", ["COMPLETED_WITH_ERRORS", "PARTIALLY_COMPLETED", "odd", "", "7", "true", "UPLOAD"])
def test_what_a_name_leaves_open_is_asked(status: str) -> None:
    assert suggested_meaning(status) is None


@pytest.mark.parametrize(
    ("status", "place", "meaning"),
    [
        ("True", "`done`", "completed"),
        ("false", "`job.isReady`", "running"),
        ("True", "`job.has_failed`", "failed"),
        ("False", "`is_running`", "completed"),
        ("100", "`async_percent_completion`", "completed"),
        ("40", "`progress`", "running"),
        ("202", "`status_code`", "running"),
        ("200", "`status_code`", "completed"),
    ],
)
def test_true_and_numbers_mean_what_their_place_is_called(status: str, place: str, meaning: str) -> None:
    assert suggested_meaning(status, place) == meaning
