"""Which requests something is about."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from pydantic import Field

from core.components.base import Component, Shown
from core.manifest.problems import Problem
from core.templates import Template


class HttpRequestRegexMatcher(Component):
    """Picks out requests by method, URL, parameters and headers; what is not said may be anything."""

    label = "Request Matcher"

    method: str | None = Field(None, title="Method", description="The verb of the request, such as GET.")
    url_base: str | None = Field(
        None, title="URL Base", description="Scheme and host, such as https://api.example.com, without a path."
    )
    url_path_pattern: str | None = Field(
        None, title="URL Path Pattern", description="A regular expression that is looked for in the path of the URL."
    )
    params: Annotated[dict[str, Any] | None, Shown(editor="json")] = Field(
        None, title="Parameters", description="Query parameters that the request has with these values."
    )
    headers: Annotated[dict[str, Any] | None, Shown(editor="json")] = Field(
        None, title="Headers", description="Headers that the request has with these values."
    )
    weight: Annotated[int | Template | None, Shown(advanced=True)] = Field(
        None, title="Weight", description="How many calls such a request counts as; 1 when not said."
    )

    def matches(self, request: httpx.Request) -> bool:
        """Whether it is about this request (the rules are Airbyte's; the path counts without a slash at its end)."""
        url = urlsplit(str(request.url))
        params = dict(parse_qsl(url.query))
        return (
            (not self.method or request.method == self.method.upper())
            and (not self.url_base or f"{url.scheme}://{url.netloc}" == self.url_base.rstrip("/"))
            and (not self.url_path_pattern or bool(re.search(self.url_path_pattern, url.path.rstrip("/"))))
            and all(params.get(str(name)) == str(value) for name, value in (self.params or {}).items())
            and all(request.headers.get(str(name)) == str(value) for name, value in (self.headers or {}).items())
        )

    def lint(self) -> list[Problem]:
        """The pattern is a regular expression, the weight a positive number."""
        problems = []
        try:
            re.compile(self.url_path_pattern or "")
        except re.error as error:
            problems.append(Problem(f"it is not a regular expression: {error}", ("url_path_pattern",)))
        if isinstance(self.weight, int) and self.weight < 1:
            problems.append(Problem("it must be 1 or more", ("weight",)))
        return problems
