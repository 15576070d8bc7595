"""What stands where nothing is to be shown yet: always what to do next."""

from __future__ import annotations

from core.events import Outcome
from tui.running import Run


def no_records(run: Run | None, test_key: str) -> str:
    """Why there are no records."""
    if run is None:
        return f"Not tested yet. Press {test_key} to read the first records."
    if run.state.running:
        return "Cancelling…" if run.state.cancelling else "Waiting for records…"
    match run.state.outcome:
        case Outcome.FAILED:
            return f"No records. Mend what is said above, then press {test_key}."
        case Outcome.CANCELLED:
            return f"Cancelled before there were records. {test_key}: test again"
        case Outcome.SKIPPED:
            return "The API has no data: its status says to skip the job."
    return "No records. The Response tab shows what the API answered."


def no_exchange(run: Run | None, test_key: str) -> str:
    """Why there is no request for records."""
    if run is None:
        return f"Not tested yet. Press {test_key}: requests and answers show up here as they happen."
    if run.state.running:
        return "No request for records yet. Other requests are under 6."
    return "The test ended before records were requested. The requests that were made are under 6, Other requests."


def no_state(run: Run | None, test_key: str) -> str:
    """Why there is no state."""
    if run is None:
        return f"Not tested yet. Press {test_key}: the state that a test reaches shows up here."
    return "No state yet: it is told when a partition has been read."


def no_schema(run: Run | None, test_key: str) -> str:
    """Why there is no schema."""
    if run is None:
        return f"Not tested yet. Press {test_key}: the schema of the records shows up here."
    return "No schema yet: there are no records to detect it from."
