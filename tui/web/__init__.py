"""The builder in a browser: a server, and one builder process for each tab (extra `web`)."""
