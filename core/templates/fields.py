"""What all templates are: immutable values made from a source, and types of fields in pydantic models."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from core.templates.errors import TemplateError


class SourceField:
    """A value that is equal to others by its `source`, and that models read from it and write as it."""

    __slots__ = ("source",)

    source: Any
    _json_input: ClassVar[CoreSchema]
    _accepted: ClassVar[tuple[type, ...]]
    _expected: ClassVar[str]

    def __init__(self, source: Any) -> None:
        self._set(source=source)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} cannot be changed")

    def _set(self, **attributes: object) -> None:
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.source == self.source

    def __hash__(self) -> int:
        return hash((type(self), self.source))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r})"

    def __reduce__(self) -> tuple[type[Self], tuple[Any]]:
        return type(self), (self.source,)

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, cls._accepted):
            raise PydanticCustomError("template_type", "{expected}", {"expected": cls._expected})
        try:
            return cls(value)
        except TemplateError as error:
            problem = str(error)
        except (RecursionError, MemoryError):
            problem = "it is too long, or nested too deeply, to be a template"
        raise PydanticCustomError("template", "{problem}", {"problem": problem})

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate,
            json_schema_input_schema=cls._json_input,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda template: template.source, return_schema=cls._json_input
            ),
        )
