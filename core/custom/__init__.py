"""Runs the Python classes that a manifest for Airbyte names (`Custom*`), in a process of their own.

`permission` says which code may run, `host` starts the process and talks to it, `program` is what runs there.
"""
