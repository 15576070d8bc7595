"""The life of an asynchronous job: created, polled, given up, created again, cleared away."""
