"""The custom components: Python classes that were written for Airbyte, run in a process of their own behind the roles
that they fill here. Which fields they have is known to their classes alone.
"""
