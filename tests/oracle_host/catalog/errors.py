"""An error handler that looks into the body, with a backoff of its own."""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from typing import Any

import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.declarative.requesters.error_handlers import BackoffStrategy, DefaultErrorHandler
from airbyte_cdk.sources.declarative.types import Config
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ErrorResolution, ResponseAction


@dataclass
class BusyHandler(DefaultErrorHandler):
    def interpret_response(self, response_or_exception: requests.Response | Exception | None):
        if isinstance(response_or_exception, requests.Response) and not response_or_exception.ok:
            code = response_or_exception.json().get("error", {}).get("code")
            if code == "busy":
                return ErrorResolution(ResponseAction.RATE_LIMITED, FailureType.transient_error, "The account is busy.")
        return super().interpret_response(response_or_exception)


@dataclass
class AsTold(BackoffStrategy):
    parameters: InitVar[Mapping[str, Any]]
    config: Config

    def backoff_time(
        self, response_or_exception: requests.Response | requests.RequestException | None, attempt_count: int
    ) -> float | None:
        if isinstance(response_or_exception, requests.Response):
            return float(response_or_exception.headers.get("X-Wait", 0)) / 1000 * attempt_count
        return None
