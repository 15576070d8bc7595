"""Reusable widgets of the builder; none of them knows what a connector is."""
