"""`python -m tui` is `longhaul`."""

import sys

from tui.command import main

sys.exit(main())
