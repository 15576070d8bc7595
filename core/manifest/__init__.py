"""Manifests as text: YAML source, the editable document over it, the resolved plain tree, and undo."""
