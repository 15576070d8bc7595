"""Recorded tests: a test is kept as a HAR file with the records that came of it, and read again offline."""
