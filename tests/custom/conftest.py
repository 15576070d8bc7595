"""No test of custom components may have the event loop wait for their process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.custom.host import CustomHost


@pytest.fixture(autouse=True)
def the_loop_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = CustomHost.ask

    def asked_in_a_thread(self: CustomHost, *arguments: Any, **more: Any) -> Any:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return ask(self, *arguments, **more)

    monkeypatch.setattr(CustomHost, "ask", asked_in_a_thread)
