"""HTTP as connectors need it: requests from parts, sent with retries, recorded without secrets."""

import sys
from types import ModuleType

# Where Click is installed, httpx imports its own command line, and Rich and Pygments with it: a tenth of every start.
sys.modules.setdefault("httpx._main", ModuleType("httpx._main"))
