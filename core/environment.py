"""The environment variables that steer Longhaul itself; all others that begin with `LONGHAUL_` are inputs."""

DEBUG = "LONGHAUL_DEBUG"
"""Set to 1, tracebacks are shown when Longhaul stops on an error of its own."""
CONFIG_DIR = "LONGHAUL_CONFIG_DIR"
"""Names the folder of the settings."""
STATE_DIR = "LONGHAUL_STATE_DIR"
"""Names the folder of what is kept from one start to the next."""

OWN = frozenset({DEBUG, CONFIG_DIR, STATE_DIR})
