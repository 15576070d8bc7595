"""Requests to services of Amazon Web Services, signed with Signature Version 4."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

import httpx
from pydantic import Field

from core.errors import ReadError
from core.extras import how_to_install
from core.http.request import RequestDraft
from core.levels import Level
from core.runtime.component import Shown
from core.runtime.context import Context
from core.runtime.roles import Authenticator
from core.templates import Template

_STORES = frozenset({"s3", "s3-object-lambda", "s3-outposts"})
"""The services whose paths are signed as they are sent, once encoded."""
_HASHED = frozenset({"aoss", "glacier"})
"""Further services that want the hash of the body in a header."""
_UNRESERVED = "-_.~"
_ANY_BYTES = "surrogateescape"
_TOLERANCE = timedelta(minutes=4)
"""How far clocks may be apart before it is mentioned; services refuse what is off by five minutes, S3 by fifteen."""


class AwsSignatureAuthenticator(Authenticator):
    """Signs every request as services of Amazon Web Services want it (Signature Version 4). Needs the extra `aws`."""

    label = "AWS signature"
    portable: ClassVar[bool] = False

    access_key: Template = Field(
        title="Access Key ID", description="The ID of the access key, such as {{ config['access_key'] }}."
    )
    secret_key: Annotated[Template, Shown(secret=True)] = Field(
        title="Secret Access Key", description="The secret of the access key, such as {{ config['secret_key'] }}."
    )
    session_token: Annotated[Template | None, Shown(secret=True)] = Field(
        None, title="Session Token", description="The token that belongs to temporary keys; not needed for others."
    )
    region: Template = Field(title="Region", description="The region of the service, such as us-east-1.")
    service: Template = Field(
        title="Service",
        description="The name of the service in signatures, such as athena, redshift-data, logs, s3 or execute-api.",
    )

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        """Sign the method, the URL, the headers and the body as they are sent. Raises `ReadError`."""
        scope = context.scope(self)
        secrets = context.run.session.secrets
        values = {
            name: "" if template is None else template.text(scope).strip()
            for name, template in (
                ("access_key", self.access_key),
                ("secret_key", self.secret_key),
                ("session_token", self.session_token),
                ("region", self.region),
                ("service", self.service),
            )
        }
        secrets.add(values["secret_key"])
        secrets.add(values["session_token"])
        empty = next((name for name, value in values.items() if not value and name != "session_token"), None)
        if empty is not None:
            raise ReadError(f"The request can't be signed for AWS: `{empty}` of the authenticator is empty.")
        _encode_strictly(draft, path=values["service"] in _STORES)
        request = draft.build()
        added = _signed(request, **values)
        secrets.derive(added["Authorization"].rpartition("Signature=")[2])
        for name, value in added.items():
            if request.headers.get(name) != value:
                draft.add_header(name, value)

    def observe(self, response: httpx.Response, context: Context) -> None:
        """Mention a clock that is wrong when a request is refused: that is why signatures don't count."""
        if response.status_code not in (400, 403):
            return
        theirs = _date_of(response)
        if theirs is None:
            return
        apart = context.run.now() - theirs
        if abs(apart) > _TOLERANCE:
            way = "ahead of" if apart > timedelta() else "behind"
            context.log(
                Level.WARNING,
                f"The clock of this computer is {abs(apart).total_seconds() / 60:,.0f} minutes {way} that of "
                f"{response.url.host}. AWS refuses requests that are signed at the wrong time: set the clock.",
            )


def _encode_strictly(draft: RequestDraft, *, path: bool) -> None:
    """Write the URL as AWS encodes it before it compares signatures: a space as `%20`, not as `+`, and the like."""
    parts = urlsplit(draft.full_url())
    pairs = parse_qsl(parts.query, keep_blank_values=True, errors=_ANY_BYTES)
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)
    if path:
        parts = parts._replace(
            path="/".join(_quoted(unquote(step, errors=_ANY_BYTES)) for step in parts.path.split("/"))
        )
    draft.url, draft.path, draft.params = urlunsplit(parts._replace(query=query)), None, {}


def _quoted(text: str) -> str:
    return quote(text, safe=_UNRESERVED, errors=_ANY_BYTES)


def _signed(
    request: httpx.Request, *, access_key: str, secret_key: str, session_token: str, region: str, service: str
) -> Mapping[str, str]:
    """The headers that make a signed request of this one."""
    try:
        from botocore.auth import S3SigV4Auth, SigV4Auth  # type: ignore[import-untyped]  # it ships no types
        from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
        from botocore.credentials import Credentials  # type: ignore[import-untyped]
    except ImportError:
        raise ReadError(how_to_install("Signatures of an AwsSignatureAuthenticator", "aws")) from None
    logging.getLogger("botocore.auth").setLevel(logging.INFO)  # below, it writes down session tokens and signatures
    signed = AWSRequest(request.method, str(request.url), dict(request.headers), request.content)
    credentials = Credentials(access_key, secret_key, session_token or None)
    if service in _HASHED:
        signed.headers["X-Amz-Content-SHA256"] = SigV4Auth(credentials, service, region).payload(signed)
    signer = S3SigV4Auth if service in _STORES else SigV4Auth
    signer(credentials, service, region).add_auth(signed)
    names = ("X-Amz-Date", "Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256", "Authorization")
    return {name: str(signed.headers[name]) for name in names if name in signed.headers}


def _date_of(response: httpx.Response) -> datetime | None:
    try:
        date = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return date if date.tzinfo is not None else None
