from dataclasses import dataclass

import requests
from airbyte_cdk.sources.declarative.requesters.error_handlers import DefaultErrorHandler
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ErrorResolution, ResponseAction


@dataclass
class BusyInBody(DefaultErrorHandler):
    def interpret_response(self, response_or_exception):
        if isinstance(response_or_exception, requests.Response) and response_or_exception.json().get("busy"):
            return ErrorResolution(ResponseAction.RETRY, None, "The API is busy.")
        return super().interpret_response(response_or_exception)
