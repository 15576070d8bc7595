"""An authenticator: every request is signed with a key that only the API and the connector know (HMAC-SHA256)."""

from __future__ import annotations

import hmac
from typing import Annotated

from pydantic import Field

from core.http.request import RequestDraft
from core.manifest.problems import Problem
from core.runtime.component import Shown
from core.runtime.context import Context
from core.runtime.roles import Authenticator
from core.templates import Template


class SignedRequestAuthenticator(Authenticator):
    """Signs the method, the URL and the time of every request with a shared key."""

    label = "Signed requests"
    portable = False

    key_id: Template = Field(
        title="Key ID", description="Names the key, so that the API knows which one to check with."
    )
    signing_key: Annotated[Template, Shown(secret=True)] = Field(
        title="Signing Key", description="The shared key, such as {{ config['signing_key'] }}."
    )
    header: str = Field("Authorization", title="Header", description="The header that carries the signature.")

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        variables = context.scope(self)
        key = self.signing_key.text(variables)
        context.run.session.secrets.add(key)
        moment = f"{context.run.now().timestamp():.0f}"
        signed = "\n".join([draft.method, draft.full_url(), moment])
        signature = hmac.new(key.encode(), signed.encode(), "sha256").hexdigest()
        draft.add_header(self.header, f"HMAC {self.key_id.text(variables)}:{moment}:{signature}")

    def lint(self) -> list[Problem]:
        if self.signing_key.constant and self.signing_key.source:
            hint = "write it as an input: {{ config['signing_key'] }}"
            return [Problem("the key stands in the manifest, where everybody can read it", ("signing_key",), hint=hint)]
        return []
