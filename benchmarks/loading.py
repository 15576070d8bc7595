"""What it takes to load a manifest as large as Airbyte's largest: `python -m benchmarks.loading`.

Beside it stands what PyYAML's fastest loader takes for the same text, which knows nothing of components.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmarks.wide_connector import wide_connector
from core.connector import Connector, load_connector
from core.connector.registry import component_types
from core.manifest.document import Document


class Loading(NamedTuple):
    """Seconds of CPU to load a manifest with all its problems found, and to only read its YAML."""

    load: float
    yaml: float

    @property
    def ratio(self) -> float:
        """How often YAML alone could be read in that time."""
        return self.load / self.yaml


def loaded(text: str) -> Connector:
    """Load a manifest as `--validate` does."""
    return load_connector(Document.parse(text))


def measure(text: str, repeats: int = 3) -> Loading:
    """The best of several times each, in turns, so that both meet the same machine."""
    component_types()
    plain = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    times = [Loading(_seconds(lambda: loaded(text)), _seconds(lambda: yaml.load(text, plain))) for _ in range(repeats)]
    return Loading(min(one.load for one in times), min(one.yaml for one in times))


def _seconds(function: Callable[[], Any]) -> float:
    gc.collect()
    gc.disable()
    began = time.process_time()
    try:
        function()
    finally:
        gc.enable()
    return time.process_time() - began


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loading", description=__doc__)
    parser.add_argument("manifest", type=Path, nargs="?", help="another manifest than the one that is made")
    options = parser.parse_args()
    text = options.manifest.read_text(encoding="utf-8") if options.manifest else wide_connector()
    found = measure(text)
    print(f"{len(text):,} characters: loaded in {found.load:.2f} s of CPU, {found.ratio:.1f} times what its YAML takes")


if __name__ == "__main__":
    main()
