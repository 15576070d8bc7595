"""Manifests as text: YAML source, the editable document over it, and the expanded plain tree."""
