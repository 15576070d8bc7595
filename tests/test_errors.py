"""What is said of an exception that nobody expected."""

from __future__ import annotations

import pytest
from jinja2 import StrictUndefined, UndefinedError

from core.errors import fault_text


def test_an_object_that_raises_whatever_it_is_asked_for_keeps_no_fault_from_being_told() -> None:
    with pytest.raises(UndefinedError) as raised:
        str(StrictUndefined(name="zone"))
    assert fault_text(raised.value, str).startswith(
        "stopped by an internal error of Longhaul (UndefinedError: 'zone' is undefined)."
    )
