"""Runs inside the reference runtime's interpreter: answers one JSON call a line (see tests/support/oracle.py)."""

import importlib
import json
import logging
import os
import sys
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the reference prints on its own must not mix with the answers
sys.path.insert(0, os.path.dirname(__file__))

for line in sys.stdin:
    call = json.loads(line)
    try:
        function = getattr(importlib.import_module(call["subject"]), call["function"])
        answer = {"value": function(*call["arguments"])}
        text = json.dumps(answer)
    except BaseException as error:
        text = json.dumps({"error": f"{type(error).__name__}: {error}"})
    answers.write(text + "\n")
    answers.flush()
