"""What people see of a run: its events folded into a picture of it, shown live or line by line."""

from core.progress.plain import Line, PlainProgress, Progress
from core.progress.run_picture import JobPicture, RunPicture, StreamPicture
from core.progress.summary import run_summary, stream_summary

__all__ = [
    "JobPicture",
    "Line",
    "PlainProgress",
    "Progress",
    "RunPicture",
    "StreamPicture",
    "run_summary",
    "stream_summary",
]
