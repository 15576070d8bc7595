"""JSON Web Tokens that Longhaul signs."""

from __future__ import annotations

import json
import warnings
from base64 import b64encode
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.components.request_parts import RequestOption
from core.errors import ReadError
from core.http.request import RequestDraft
from core.http.secrets import Secrets
from core.manifest.problems import Problem
from core.runtime.component import Gives, Shown
from core.runtime.context import Context
from core.runtime.roles import Authenticator
from core.templates import Condition, Template, TemplateMap

Algorithm = Literal[
    "HS256",
    "HS384",
    "HS512",
    "ES256",
    "ES256K",
    "ES384",
    "ES512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "EdDSA",
]
LOADS = Gives("json_loads")
OWN_HEADERS = frozenset({"kid", "alg", "typ", "cty"})
OWN_CLAIMS = frozenset({"iss", "sub", "aud", "iat", "exp", "nbf"})


class JwtHeaders(BaseModel):
    """The usual headers of a token."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    kid: Template | None = Field(None, title="Key Identifier", description="Which key signs the token.")
    typ: Template | None = Field(Template("JWT"), title="Type", description="The type of the token.")
    cty: Template | None = Field(None, title="Content Type", description="The type of what is in the token.")


class JwtPayload(BaseModel):
    """The usual claims of a token."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    iss: Template | None = Field(None, title="Issuer", description="Who issues the token.")
    sub: Template | None = Field(None, title="Subject", description="The subject that the token is about.")
    aud: Template | None = Field(None, title="Audience", description="Whom the token is for; may be a list.")


class JwtAuthenticator(Authenticator):
    """Signs a JSON Web Token for every request, valid for a limited time, and sends it in a header."""

    secret_key: Annotated[Template, LOADS, Shown(secret=True)] = Field(
        title="Secret Key", description="The key that signs: a shared secret, or a private key in PEM form."
    )
    algorithm: Algorithm = Field(title="Algorithm", description="How the token is signed.")
    base64_encode_secret_key: Annotated[bool | Condition, LOADS] = Field(
        False,
        title="Base64-encode Secret Key",
        description="Whether the key is encoded in base64 before it signs.",
    )
    token_duration: int = Field(1200, title="Token Duration", description="How many seconds a token is valid.")
    header_prefix: Annotated[Template | None, LOADS] = Field(
        None, title="Header Prefix", description="The text before the token, such as Bearer."
    )
    jwt_headers: Annotated[JwtHeaders | None, LOADS] = Field(
        None, title="JWT Headers", description="The usual headers of the token."
    )
    additional_jwt_headers: Annotated[TemplateMap | None, LOADS, Shown(advanced=True)] = Field(
        None, title="Additional JWT Headers", description="Further headers of the token."
    )
    jwt_payload: Annotated[JwtPayload | None, LOADS] = Field(
        None, title="JWT Payload", description="The usual claims of the token."
    )
    additional_jwt_payload: Annotated[TemplateMap | None, LOADS, Shown(advanced=True)] = Field(
        None, title="Additional JWT Payload Properties", description="Further claims of the token."
    )
    passphrase: Annotated[Template | None, LOADS, Shown(advanced=True, secret=True)] = Field(
        None, title="Passphrase", description="The passphrase of an encrypted private key."
    )
    request_option: Annotated[RequestOption | None, Shown(advanced=True)] = Field(
        None,
        title="Request Option",
        description="Where the token goes; the Authorization header if not set.",
    )

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        """Add a new token. Raises `ReadError` if it can't be signed."""
        variables = context.scope(self, json_loads=json.loads)
        prefix = self.header_prefix.text_or(variables, "") if self.header_prefix is not None else ""
        token = f"{prefix} {self.sign(context)}".strip()
        if self.request_option is None:
            draft.add_header("Authorization", token)
        else:
            self.request_option.inject(draft, token, variables)

    def sign(self, context: Context) -> str:
        """A new token. Raises `ReadError` if the key does not fit the algorithm."""
        import jwt  # takes a while to load, and few manifests need it

        variables = context.scope(self, json_loads=json.loads)
        secrets = context.run.session.secrets
        payload = self._payload(variables, int(context.run.now().timestamp()))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # short keys are the API's choice
                key = self._key(variables, secrets)
                token = jwt.encode(payload, key, self.algorithm, headers=self._headers(variables))
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            reason = secrets.mask(str(error))
            raise ReadError(f"The JSON Web Token can't be signed with {self.algorithm}: {reason}") from None
        secrets.derive(token)
        return token

    def lint(self) -> list[Problem]:
        """Airbyte refuses the usual headers and claims among the additional ones."""
        problems = []
        for name, own, proper in (
            ("additional_jwt_headers", OWN_HEADERS, "jwt_headers"),
            ("additional_jwt_payload", OWN_CLAIMS, "jwt_payload"),
        ):
            written = getattr(self, name)
            if written is not None and not isinstance(written.source, str):
                problems += [
                    Problem(f"`{key}` can't be written here", (name, key), hint=f"see `{proper}`", fields=(proper,))
                    for key in sorted(own & set(written.source))
                ]
        return problems

    def _headers(self, variables: dict[str, Any]) -> dict[str, Any]:
        headers = {} if self.additional_jwt_headers is None else self.additional_jwt_headers.evaluate(variables)
        return {**headers, **_evaluated(self.jwt_headers, variables)}

    def _payload(self, variables: dict[str, Any], now: int) -> dict[str, Any]:
        payload = {} if self.additional_jwt_payload is None else self.additional_jwt_payload.evaluate(variables)
        claims = _evaluated(self.jwt_payload, variables)
        return {**payload, **claims, "iat": now, "exp": now + self.token_duration, "nbf": now}

    def _key(self, variables: dict[str, Any], secrets: Secrets) -> Any:
        key = self.secret_key.text(variables)
        secrets.add(key)
        if "-----BEGIN" in key:
            key = key.replace("\\n", "\n")  # as in private keys that were copied from a JSON file
        passphrase = "" if self.passphrase is None else self.passphrase.text_or(variables, "")
        if passphrase:
            secrets.add(passphrase)
            from cryptography.hazmat.primitives.serialization import load_pem_private_key

            return load_pem_private_key(key.encode(), passphrase.encode())
        encode = self.base64_encode_secret_key
        if encode.evaluate(variables) if isinstance(encode, Condition) else encode:
            return b64encode(key.encode()).decode()
        return key


def _evaluated(written: JwtHeaders | JwtPayload | None, variables: dict[str, Any]) -> dict[str, Any]:
    """The headers or claims that have values; lists stay lists, everything else is text."""
    values: dict[str, Any] = {}
    for name in type(written).model_fields if written is not None else ():
        template = getattr(written, name)
        value = "" if template is None else template.text_or(variables, "")
        if value:
            typed = template.evaluate(variables)
            values[name] = typed if isinstance(typed, list) else value
    return values
