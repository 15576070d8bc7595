"""The stream: what is read, how records are identified and changed, and how far they were read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from core.components.file_uploader import FileUploader
from core.components.retriever import Retriever
from core.errors import ReadError
from core.jobs.steps import JobSteps
from core.levels import Level
from core.manifest.problems import Path, Problem
from core.runtime.component import SLICE_VARIABLES, Component, Gives, Shown
from core.runtime.context import Context
from core.runtime.cursor import NO_CURSOR, Cursor, IncrementalSync, make_cursor
from core.runtime.roles import SchemaLoader, Transformation

_DIALECT = "http://json-schema.org/draft-07/schema#"


class Stream(Component, role=True):
    """A stream of records."""

    name: str = Field("", title="Name", description="The name of the stream, unique in the connector.")

    def cursor_field(self, context: Context) -> str | None:
        """The field by which it is read incrementally; None: it is read in full. Raises `ReadError`."""
        return None

    @classmethod
    def substitute(cls, raw: Any, path: Path) -> BrokenStream:
        """A stream that is wrong keeps no other from being read."""
        name = raw.get("name") if isinstance(raw, Mapping) else None
        broken = BrokenStream(name=str(name) if isinstance(name, (str, int, float)) else "")
        broken._origin = path
        return broken


@dataclass(frozen=True, slots=True)
class StreamChoice:
    """What a read of a stream reads: the stream itself, or the one that it delegates to, and from which state.

    `goes_on`: it gives what is new since the state, else everything. `reason` says of a stream that was chosen why.
    `drops_state`: the state that there was is of no use any more. `way` names the one of several ways to read it.
    """

    stream: DeclarativeStream
    state: Mapping[str, Any] | None
    goes_on: bool
    reason: str = ""
    level: Level = Level.INFO
    drops_state: bool = False
    way: str = ""


class ReadableStream(Stream, role=True):
    """A stream that can be read."""

    @property
    @abstractmethod
    def described(self) -> DeclarativeStream:
        """The stream that says what people see of it before it is read: schema, primary key, cursor."""

    @property
    @abstractmethod
    def ways(self) -> tuple[DeclarativeStream, ...]:
        """The streams of which one is read."""

    @abstractmethod
    def chosen(self, state: Mapping[str, Any] | None, context: Context, *, fresh: bool = True) -> StreamChoice:
        """What is read from a state on. Raises `ReadError`.

        `fresh` is False where the same was chosen from this state before, so that it must be chosen again however much
        time has passed.
        """

    @property
    def has_jobs(self) -> bool:
        """Whether it is read through jobs, in any of its ways."""
        return any(way.retriever.job_steps is not None for way in self.ways)

    def job_steps(self, way: str) -> JobSteps | None:
        """The steps of a job that a read of it has made, in the way that its choice has named; None: it has no jobs.

        Raises `ReadError` where it can't be told what is done with the job.
        """
        found = [steps for one in self.ways if (steps := one.retriever.job_steps) is not None]
        if len(found) > 1:
            raise ReadError("it is not known in which way the stream was read when the job was created")
        return found[0] if found else None

    @property
    def lasting(self) -> bool:
        """Whether a state remembers how far it was read."""
        return any(way.incremental_sync is not None for way in self.ways)

    def _nameless(self) -> list[Problem]:
        return [] if self.name else [Problem("the stream has no `name`", ("name",))]


class BrokenStream(Stream, role=True):
    """Stands where a stream is written that can't be built. Its `name` is empty where it has none."""


class StateMigration(Component, role=True):
    """Turns the state of an earlier version of a stream into today's shape."""

    @abstractmethod
    def migrate(self, state: Mapping[str, Any], stream: DeclarativeStream, context: Context) -> Mapping[str, Any]:
        """The state in today's shape; a state that is not of the old shape stays as it is. Raises `ReadError`."""

    def lint_in(self, stream: DeclarativeStream) -> list[Problem]:
        """What keeps the migration from being used in this stream; paths are relative to the migration."""
        return []


_READ_AGAIN = ("page_size_reduction", "request_window_splitting")


class DeclarativeStream(ReadableStream):
    """A stream of records that an API gives, one kind of thing: contacts, orders, report rows."""

    retriever: Retriever = Field(title="Retrieval", description="How the records are fetched.")
    primary_key: str | list[str] | list[list[str]] = Field(
        "", title="Primary Key", description="The field, or the fields together, that identify a record."
    )
    incremental_sync: IncrementalSync | None = Field(
        None,
        title="Incremental Sync",
        description="Reads only what is new since the last run, by a field that grows with time.",
    )
    transformations: Annotated[list[Transformation], Gives(*SLICE_VARIABLES)] = Field(
        default_factory=list, title="Transformations", description="Changes made to every record, in order."
    )
    schema_loader: SchemaLoader | list[SchemaLoader] | None = Field(
        None, title="Schema", description="The JSON Schema of the records."
    )
    state_migrations: Annotated[list[StateMigration], Shown(advanced=True)] = Field(
        default_factory=list,
        title="State Migrations",
        description="Turn state that an earlier version saved into today's shape.",
    )
    file_uploader: Annotated[FileUploader | None, Shown(advanced=True)] = Field(
        None, title="File Uploader", description="Downloads a file for every record, where a run has a folder for them."
    )

    @property
    def described(self) -> DeclarativeStream:
        return self

    @property
    def ways(self) -> tuple[DeclarativeStream, ...]:
        return (self,)

    def chosen(self, state: Mapping[str, Any] | None, context: Context, *, fresh: bool = True) -> StreamChoice:
        return StreamChoice(self, state, goes_on=state is not None and NO_CURSOR not in state)

    def saved_until(self, state: Mapping[str, Any], context: Context) -> datetime | None:
        """The time up to which a state says that the stream was read; None where it says none. Raises `ReadError`."""
        if self.incremental_sync is None:
            return None
        return self.incremental_sync.saved_until(state, context, partitioned=bool(self.retriever.router))

    @property
    def schema_loaders(self) -> list[SchemaLoader]:
        """The schema loaders, in order."""
        loaders = self.schema_loader
        return loaders if isinstance(loaders, list) else [loaders] if loaders is not None else []

    @property
    def json_schema(self) -> Mapping[str, Any]:
        """The JSON Schema as far as the manifest itself says it."""
        return self._combined([loader.written or {} for loader in self.schema_loaders])

    async def load_schema(self, context: Context) -> Mapping[str, Any]:
        """The JSON Schema, loaded from where the loaders say. Raises `ReadError`."""
        return self._combined([await loader.load(context) for loader in self.schema_loaders])

    def _combined(self, schemas: list[Mapping[str, Any]]) -> Mapping[str, Any]:
        """One schema of several: the earlier one wins for a property (Airbyte: the same, whatever else they say)."""
        if not isinstance(self.schema_loader, list):
            return schemas[0] if schemas else {}
        properties: dict[str, Any] = {}
        for schema in schemas:
            properties = {**schema.get("properties", {}), **properties}
        return {"$schema": _DIALECT, "type": ["null", "object"], "properties": properties}

    @property
    def primary_key_paths(self) -> list[list[str]]:
        """The primary key as a list of field paths."""
        if isinstance(self.primary_key, str):
            return [[self.primary_key]] if self.primary_key else []
        return [[part] if isinstance(part, str) else list(part) for part in self.primary_key]

    def cursor_field(self, context: Context) -> str | None:
        return self.incremental_sync.field_name(context) if self.incremental_sync is not None else None

    def migrated(self, state: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        """A saved state in today's shape. Raises `ReadError`."""
        for migration in self.state_migrations:
            state = migration.migrate(state, self, context)
        return state

    def cursor(self, state: Mapping[str, Any] | None, context: Context) -> Cursor:
        """The cursor for one read from a saved state on. Raises `ReadError`."""
        return make_cursor(self.incremental_sync, self.retriever.router, context, self.migrated(state or {}, context))

    async def open_cursor(self, state: Mapping[str, Any] | None, context: Context) -> Cursor:
        """The same where a state migration may take time."""
        migrated = state or {}
        if any(migration.waits for migration in self.state_migrations):
            migrated = await context.apart(lambda: self.migrated(state or {}, context))
        else:
            migrated = self.migrated(migrated, context)
        return make_cursor(self.incremental_sync, self.retriever.router, context, migrated)

    def lint(self) -> list[Problem]:
        """A stream needs a name, what its state migrations need, and no retriever that reads records again."""
        migrations = [
            problem.below("state_migrations", index)
            for index, migration in enumerate(self.state_migrations)
            for problem in migration.lint_in(self)
        ]
        return [*self._nameless(), *migrations, *self._lint_files()]

    def _lint_files(self) -> list[Problem]:
        """Airbyte refuses the same: the records of an answer that was refused may have their files already."""
        if self.file_uploader is None:
            return []
        found = (key for key in _READ_AGAIN if getattr(self.retriever, key, None) is not None)
        return [Problem(f"`{key}` can't be used with a `file_uploader`", ("retriever", key)) for key in found]
