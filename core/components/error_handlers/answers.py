"""What templates of error handlers see of an answer."""

from __future__ import annotations

from typing import Any

import httpx

from core.components.base import Component
from core.components.context import Context
from core.http.messages import json_body
from core.templates import Condition, Template

ANSWER_VARIABLES = ("response", "headers", "request_url")


def answer_scope(
    template: Template | Condition, component: Component, response: httpx.Response, context: Context
) -> dict[str, Any]:
    """The variables of a template: `response` is the JSON body, or {} when there is none.

    `request_url` is the URL that answered, without query and credentials. The body is looked at only for a
    template that uses it: that of a streamed response has not been read.
    """
    scope = context.scope(component, headers=response.headers, request_url=_plain(response.request.url))
    if "response" in template.variables:
        body = json_body(response)
        scope["response"] = {} if body is None else body
    return scope


def _plain(url: httpx.URL) -> str:
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))
