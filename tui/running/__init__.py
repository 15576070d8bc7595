"""Test reads: what the engine's events say, folded into plain data that the screen draws."""

from tui.running.controller import RunChanged, RunController
from tui.running.run import Run
from tui.running.settings import TestSettings
from tui.running.state import RunState, fold

__all__ = ["Run", "RunChanged", "RunController", "RunState", "TestSettings", "fold"]
