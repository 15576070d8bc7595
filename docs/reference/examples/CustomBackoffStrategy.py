from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from typing import Any

from airbyte_cdk.sources.declarative.requesters.error_handlers import BackoffStrategy


@dataclass
class WaitFromBody(BackoffStrategy):
    config: Mapping[str, Any]
    parameters: InitVar[Mapping[str, Any]]

    def backoff_time(self, response_or_exception, attempt_count):
        return response_or_exception.json()["wait"]
