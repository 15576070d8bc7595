"""Slices as units of work that several processes and machines share: plans, shards, clusters."""
