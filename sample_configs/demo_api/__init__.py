"""A local HTTP server that behaves like the APIs which the samples read, and misbehaves when told to."""

from sample_configs.demo_api.faults import Fault
from sample_configs.demo_api.jobs import Job
from sample_configs.demo_api.server import DemoApi, Logged

__all__ = ["DemoApi", "Fault", "Job", "Logged"]
