"""The version of Longhaul: here and nowhere else."""

VERSION = "0.1.0"
