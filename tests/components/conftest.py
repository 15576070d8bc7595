"""A loopback server and a run to talk to it with."""

from tests.support.http_bench import bench, other_server, server

__all__ = ["bench", "other_server", "server"]
