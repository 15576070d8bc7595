"""`python -m benchmarks`: measure, and print what came out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.cases import BULK, TABLES, WAITS
from benchmarks.engines import ROOT
from benchmarks.measuring import Results, run
from benchmarks.report import tables, write_page


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="records of the bulk reads (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=2, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=ROOT / "build" / "bench", help="where the data is made and kept")
    parser.add_argument(
        "--only", nargs="+", choices=[*BULK, *TABLES, *WAITS], default=[], help="measure these cases only"
    )
    parser.add_argument("--write", action="store_true", help="put the results into docs/performance.md")
    options = parser.parse_args()
    results = Results(options.rows, options.repeats)
    try:
        run(results, options.data.resolve(), set(options.only), _say)
    finally:
        print(tables(results))
    if options.write:
        write_page(results)


def _say(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
