"""The trial pane: a stream is read, and everything that happens is shown while it happens."""
