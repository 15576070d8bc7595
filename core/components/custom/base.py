"""What all custom components have: how they are written, and the way to the process in which they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import httpx
from pydantic import Field, PrivateAttr

from core.custom.host import CustomHost, Place, Remote
from core.errors import ReadError
from core.http.policy import Outcome
from core.runtime.component import Component, Unsupported
from core.runtime.context import Context
from core.runtime.slices import StreamSlice


class CustomComponent(Unsupported, role=True):
    """A component that a Python class makes, which runs when the person allows it; else it is as good as unsupported.

    `definition` is all that is written, references and parameters resolved: the class gets it from airbyte-cdk.
    """

    kinds: ClassVar[dict[str, type[CustomComponent]]] = {}
    """The classes by the type that is written."""

    blocking: ClassVar[bool] = True

    class_name: str = Field(
        "",
        title="Class Name",
        description="The class, such as `source_declarative_manifest.components.MyExtractor`.",
    )
    definition: dict[str, Any] = Field(default_factory=dict, repr=False)

    _root: Mapping[str, Any] | None = PrivateAttr(default=None)
    """The tree in which it is written: a manifest, or a stream that was made from a template; None: the manifest."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__base__ is not Unsupported:
            CustomComponent.kinds[cls.__name__] = cls

    def remote(self, context: Context | None) -> Remote:
        """The component in its process. Raises `ReadError` where none may run."""
        host = context.run.custom if context is not None else None
        if host is None or context is None:
            raise ReadError(not_here(self))
        return self.remote_in(host, context.stream)

    def remote_in(self, host: CustomHost, stream: str = "") -> Remote:
        """The component in the process of `host`; a stream has its own."""
        return host.component(stream, Place(self.class_name, self.origin, self.definition, self._root))


HOW_TO_ALLOW = "--custom-code components.py allows it"
"""The hint at a custom component, as long as its code is not allowed."""


def not_run(who: str, types: Sequence[str]) -> str:
    """That `who` uses component types that don't run, and what may help."""
    text = f"{who} uses component types that Longhaul doesn't run: {', '.join(types)}."
    if any(name in CustomComponent.kinds for name in types):
        text += (
            " Custom components are Python code for Airbyte, which runs only when you allow it: read the code, then "
            "answer the question before a test with yes, add --custom-code components.py to a run, or set "
            "AIRBYTE_ENABLE_UNSAFE_CODE=true for source-longhaul."
        )
    return text


def not_here(component: Component) -> str:
    """Why a custom component does not run."""
    name = getattr(component, "class_name", "") or getattr(component, "written_type", "")
    return (
        f"The custom component {name} can't run here: Longhaul runs none at this place, or the run does not allow it."
    )


def written_slice(slice_: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A slice for a message."""
    if slice_ is None:
        return None
    if not isinstance(slice_, StreamSlice):
        return {"partition": dict(slice_), "cursor_slice": {}, "extra_fields": {}}
    return {
        "partition": dict(slice_.partition),
        "cursor_slice": dict(slice_.cursor_slice),
        "extra_fields": dict(slice_.extra_fields),
    }


def written_request(request: httpx.Request) -> dict[str, Any]:
    """A request for a message; a body that is no text is left out."""
    try:
        body = request.content.decode()
    except (httpx.RequestNotRead, UnicodeDecodeError):
        body = ""
    return {"method": request.method, "url": str(request.url), "headers": request.headers.multi_items(), "body": body}


def written_response(response: httpx.Response) -> dict[str, Any]:
    """A response for a message, without its body. Raises `httpx.ResponseNotRead` when that is not read."""
    _ = response.content
    try:
        request = written_request(response.request)
    except RuntimeError:  # it has none
        request = None
    return {
        "status": response.status_code,
        "reason": response.reason_phrase,
        "headers": response.headers.multi_items(),
        "url": request["url"] if request else "",
        "request": request,
    }


def written_outcome(outcome: Outcome) -> tuple[dict[str, Any], bytes]:
    """What sending a request led to, for a message, and the body. Raises `httpx.ResponseNotRead`."""
    if isinstance(outcome, httpx.Response):
        return written_response(outcome), outcome.content
    try:
        request = written_request(outcome.request)
    except RuntimeError:  # it has none
        request = {}
    kind = type(outcome).__name__
    return {
        "error": f"{kind}: {outcome}",
        "timeout": isinstance(outcome, httpx.TimeoutException),
        "request": request,
    }, b""
