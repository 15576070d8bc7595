"""A transformation that keeps of each e-mail address only the host."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field

from core.runtime.roles import Transformation
from core.runtime.slices import Record


class MaskEmails(Transformation):
    """Keeps of each e-mail address only the host."""

    portable = False

    fields: list[str] = Field(title="Fields", description="The fields that hold an address.")

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        def change(record: Record) -> None:
            for name in self.fields:
                if isinstance(record.get(name), str):
                    record[name] = record[name].rpartition("@")[2]

        return change
