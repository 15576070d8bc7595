"""Problems of the manifest in the words of the forms."""

from __future__ import annotations

from core.components.base import Component
from core.manifest.problems import Path, show_path
from tui.labels import in_labels, label_of
from tui.session.checking import Finding
from tui.session.session import BuilderSession
from tui.session.structure import component_at


def said_in_labels(session: BuilderSession, finding: Finding) -> tuple[str, str]:
    """The message and the hint of a problem, with fields called as in the forms."""
    owners = _owners(session, finding.path)
    return in_labels(finding.problem.message, *owners), in_labels(finding.problem.hint or "", *owners)


def place_in_labels(session: BuilderSession, path: Path) -> str:
    """Where a problem is that no field shows: the label of its field, or the path where it has none."""
    key = next((key for key in reversed(path) if isinstance(key, str)), "")
    return label_of(key, *_owners(session, path)) or show_path(path)


def _owners(session: BuilderSession, path: Path) -> list[type[Component]]:
    """The components that a path goes through, from the inside out."""
    ends = (component_at(session.view, path[:end]) for end in range(len(path), -1, -1))
    return [owner for owner in ends if owner is not None]
