"""Between the test screen and the manifest: what is tested, and what a test leads to in the stream."""

from tui.screens.bench.bench import TestBench

__all__ = ["TestBench"]
