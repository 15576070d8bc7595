"""One of several authenticators, chosen by an input."""

from __future__ import annotations

from typing import Annotated

import httpx
from pydantic import Field

from core.components.base import NotInAirbyte
from core.components.context import Context
from core.components.roles import Authenticator
from core.errors import ReadError
from core.http.request import Draft


class SelectiveAuthenticator(Authenticator):
    """Lets an input choose between several ways to authenticate."""

    authenticator_selection_path: list[str] = Field(
        title="Authenticator Selection Path", description="The keys that lead to the input that chooses."
    )
    authenticators: Annotated[dict[str, Authenticator], NotInAirbyte("SelectiveAuthenticator")] = Field(
        title="Authenticators", description="An authenticator for each value that the input may have."
    )

    async def authenticate(self, draft: Draft, context: Context) -> None:
        """Let the chosen authenticator add the credentials. Raises `ReadError` when none is chosen."""
        await self._chosen(context).authenticate(draft, context)

    async def refresh(self, context: Context, refusals: int) -> bool:
        """Let the chosen authenticator drop its token."""
        return await self._chosen(context).refresh(context, refusals)

    def withdraw(self, context: Context) -> None:
        """Let the chosen authenticator take back what was spent."""
        self._chosen(context).withdraw(context)

    def observe(self, response: httpx.Response, context: Context) -> None:
        """Let the chosen authenticator learn from an answer."""
        self._chosen(context).observe(response, context)

    def has_spare(self, context: Context) -> bool:
        """Whether the chosen authenticator has other credentials."""
        return self._chosen(context).has_spare(context)

    def _chosen(self, context: Context) -> Authenticator:
        value: object = context.config
        for key in self.authenticator_selection_path:
            value = value.get(key) if isinstance(value, dict) else None
        chosen = self.authenticators.get(str(value))
        if chosen is None:
            name = ".".join(self.authenticator_selection_path)
            instead = "it is missing" if value is None else f"it is “{value}”"
            choices = ", ".join(f"“{choice}”" for choice in self.authenticators)
            raise ReadError(f"The input `{name}` chooses how to authenticate, but {instead}; possible are {choices}.")
        return chosen
