"""What the demo API makes of samples."""

from __future__ import annotations

from collections.abc import Mapping

MADE: Mapping[str, tuple[str, ...]] = {"crm_tables": ("contacts", "deals", "visits")}
"""The streams that are made from the templates of samples."""
