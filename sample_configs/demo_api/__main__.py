"""Run the demo API in the foreground: `python -m sample_configs.demo_api`."""

from __future__ import annotations

import argparse
import contextlib
import json
import threading

from sample_configs.demo_api.server import DemoApi


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m sample_configs.demo_api", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    parser.add_argument("--pace", type=float, default=1.0, help="how long jobs take; 0: no time (default: 1)")
    parser.add_argument("--rows", type=int, default=2000, help="records in each data set (default: 2000)")
    options = parser.parse_args()
    try:
        api = DemoApi(pace=options.pace, rows=options.rows, port=options.port)
    except (OSError, OverflowError) as error:
        parser.exit(2, f"The demo API cannot listen on port {options.port}: {error}\n")
    with api, contextlib.suppress(KeyboardInterrupt):
        print(f"The demo API listens on {api.url} (Ctrl-C ends it).\nInputs for the samples:")
        for name, inputs in api.all_inputs().items():
            print(f"\n{name}\n{json.dumps(inputs, indent=2, ensure_ascii=False)}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
