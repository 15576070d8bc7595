"""The test screen: a stream is read, and everything that happens is shown while it happens."""

from tui.testing.pane import TestPane
from tui.testing.picking import NodeUse
from tui.testing.subject import SchemaReport, SchemaReporter, Subject

__all__ = ["NodeUse", "SchemaReport", "SchemaReporter", "Subject", "TestPane"]
