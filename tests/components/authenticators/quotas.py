"""The quota of a token as manifests write it."""

from __future__ import annotations

from typing import Any


def quota(name: str = "core", **fields: Any) -> dict[str, Any]:
    return {
        "type": "TokenQuota",
        "name": name,
        "remaining_path": ["resources", name, "remaining"],
        "reset_path": ["resources", name, "reset"],
        "limit_path": ["resources", name, "limit"],
        **fields,
    }
