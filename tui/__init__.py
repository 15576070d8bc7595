"""The Textual app of Longhaul: the connector builder."""
