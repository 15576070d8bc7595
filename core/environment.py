"""The environment variables that steer Longhaul itself; all others that begin with `LONGHAUL_` are inputs."""

DEBUG = "LONGHAUL_DEBUG"
"""Set to 1, tracebacks are shown when Longhaul stops on an error of its own."""
