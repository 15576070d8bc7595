"""A trial of a stream: it is read for real, and what the engine's events say is folded into plain data."""
