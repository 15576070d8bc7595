"""Ask Airbyte's own runtime a question, in its own interpreter.

`.venv-oracle` holds airbyte-cdk (`make oracle` builds it). The questions are plain functions in
`tests/oracle_host/<subject>.py`; arguments and answers travel as JSON, one line each way. It writes its downloads into
the folder that it is started in, and leaves those there that break: it gets a folder of its own.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-oracle" / "bin" / "python"
HOST = ROOT / "tests" / "oracle_host" / "host.py"


class OracleError(Exception):
    """The reference raised: the message is its exception's type and text."""


class Oracle:
    """One long-lived process of the reference runtime."""

    def __init__(self) -> None:
        if not PYTHON.exists():
            raise RuntimeError("the reference runtime is not installed; run `make oracle`")
        self._folder = TemporaryDirectory(prefix="oracle-")
        self._process = subprocess.Popen(
            [str(PYTHON), str(HOST)], cwd=self._folder.name, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, subject: str, function: str, *arguments: Any) -> Any:
        """Call `function` of `tests/oracle_host/<subject>.py` and return its JSON answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        call = {"subject": subject, "function": function, "arguments": arguments}
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise OracleError(answer["error"])
        return answer["value"]

    def close(self) -> None:
        """End the process, and remove what it left."""
        self._process.communicate(timeout=20)
        self._folder.cleanup()
