"""`python -m core.protocols` is `source-longhaul`."""

from __future__ import annotations

import sys

from core.protocols.entry import main

if __name__ == "__main__":
    sys.exit(main())
