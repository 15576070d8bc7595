"""The components of a manifest: one class each for its fields and for what it does."""
