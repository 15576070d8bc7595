"""Custom components for tests, and the permission to run them with the reference's Python."""

from __future__ import annotations

from pathlib import Path

from core.custom.permission import CustomCode
from core.environment import CUSTOM_PYTHON, CUSTOM_SECONDS
from tests.support.oracle import PYTHON, ROOT

FILE = ROOT / "tests" / "oracle_host" / "custom_components.py"
CODE = FILE.read_text(encoding="utf-8")


def allowed(text: str = CODE, file: Path | str = FILE, seconds: float = 120) -> CustomCode:
    """The permission for a code."""
    return CustomCode.of(text, file, {CUSTOM_PYTHON: str(PYTHON), CUSTOM_SECONDS: str(seconds)})
