"""Error handlers: what an answer means, and how long to wait before the request is repeated."""

from core.components.error_handlers.backoff_strategies import (
    ConstantBackoffStrategy,
    ExponentialBackoffStrategy,
    WaitTimeFromHeader,
    WaitTimeFromResponse,
    WaitUntilTimeFromHeader,
)
from core.components.error_handlers.composite import CompositeErrorHandler
from core.components.error_handlers.default import DefaultErrorHandler
from core.components.error_handlers.response_filter import HttpResponseFilter

__all__ = [
    "CompositeErrorHandler",
    "ConstantBackoffStrategy",
    "DefaultErrorHandler",
    "ExponentialBackoffStrategy",
    "HttpResponseFilter",
    "WaitTimeFromHeader",
    "WaitTimeFromResponse",
    "WaitUntilTimeFromHeader",
]
