"""Decodes gzip, zip and tar: what comes out of the archive is handed to another decoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from core.components.decoders.excel import ExcelDecoder
from core.decoding.archives import Selection, of_archive, ungzipped, unpacked
from core.decoding.name_patterns import pattern_problem
from core.http.bodies import RATIO
from core.runtime.component import NotInAirbyte, Shown
from core.runtime.roles import Decoder
from core.runtime.slices import SliceMemory

MaxRatio = Annotated[
    float,
    Field(
        gt=0,
        title="Largest compression ratio",
        description="How many times its packed size the content may have, beyond 100 MB; what grows more is refused.",
    ),
    Shown(advanced=True, ours=True),
]


def _checked(members: str | list[str] | None) -> str | list[str] | None:
    patterns = _listed(members)
    if members is not None and not patterns:
        raise ValueError("write a pattern for names of files, or leave the list out to read all files")
    for pattern in patterns:
        if problem := pattern_problem(pattern):
            raise ValueError(f"“{pattern}” is no pattern for names of files: {problem}")
    return members


def _listed(members: str | list[str] | None) -> list[str]:
    return [members] if isinstance(members, str) else members or []


Members = Annotated[
    str | list[str] | None,
    AfterValidator(_checked),
    Field(
        title="Members",
        description="Which files of the archive are read, by their names, such as `issues_*.json`; all if not set. "
        "`*` and `?` stand for any characters but `/`, `**` for any folders. A pattern without `/` fits files in all "
        "folders.",
    ),
    Shown(editor="strings", ours=True, unset="all files"),
]
MemberField = Annotated[
    str | None,
    Field(
        min_length=1,
        title="Member Field",
        description="The field of each record that gets the name of the file it comes from, such as `file_name`.",
    ),
    Shown(advanced=True, ours=True, unset="none"),
]


class PackedDecoder(Decoder, role=True):
    """Unpacks a body, and hands what is in it to another decoder."""

    decoder: Decoder

    @property
    def carries_over(self) -> bool:
        return self.decoder.carries_over

    def for_slice(self, memory: SliceMemory) -> Decoder:
        inner = self.decoder.for_slice(memory)
        return self if inner is self.decoder else self.model_copy(update={"decoder": inner})


class GzipDecoder(PackedDecoder):
    """The response is compressed by gzip. One that is not passes through as it is, and a zip archive is unpacked."""

    label = "gzip"

    decoder: Annotated[Decoder, NotInAirbyte("IterableDecoder", "XmlDecoder", "ZipfileDecoder")] = Field(
        title="Inner format", description="The format of what is compressed."
    )
    max_ratio: MaxRatio = RATIO

    @property
    def gives_document(self) -> bool:
        return not isinstance(self.decoder, GzipDecoder) and self.decoder.gives_document

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[Any]:
        """The elements of the decompressed body (`DecodeError` when it is damaged, cut short or a bomb).

        A zip archive is left to an inner decoder that knows what to do with it.
        """
        if isinstance(self.decoder, (ArchiveDecoder, ExcelDecoder)):
            return self.decoder.decode(ungzipped(chunks, self.max_ratio), charset)
        return unpacked(self.decoder.decode, chunks, charset, self.max_ratio)


class ArchiveDecoder(PackedDecoder, role=True):
    """Reads files of an archive one after the other, all of them or those with certain names."""

    members: Members = None
    member_field: MemberField = None
    max_ratio: MaxRatio = RATIO

    def _decoded(self, chunks: Iterator[bytes], charset: str | None, expected: str, *, single: bool) -> Iterator[Any]:
        inside = any(isinstance(inner, ArchiveDecoder) and inner.member_field for inner in self.decoder.tree())
        selection = Selection(_listed(self.members), self.member_field, inside)
        decode = self.decoder.decode
        return of_archive(decode, chunks, charset, self.max_ratio, selection, expected=expected, single=single)


class ZipfileDecoder(ArchiveDecoder):
    """The response is a zip archive. All files in it, or those in Members, are read one after the other.

    A tar archive and a response in gzip are unpacked, too, and one that is not packed passes through as it is.
    """

    label = "zip"

    decoder: Annotated[Decoder, NotInAirbyte("IterableDecoder", "XmlDecoder", "ZipfileDecoder")] = Field(
        title="Inner format", description="The format of the files in the archive."
    )

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[Any]:
        """The elements of the files of the archive; nothing for an empty body.

        Folders and the shadow files of macOS are left out. Raises `DecodeError`.
        """
        return self._decoded(chunks, charset, "a zip archive", single=True)


class TarDecoder(ArchiveDecoder):
    """The response is a tar archive, plain or in gzip (.tar.gz). Its files are read one after the other.

    All of them are read, or those in Members; folders, links and devices are left out. A zip archive is read, too.
    """

    label = "tar"
    portable: ClassVar[bool] = False

    decoder: Decoder = Field(title="Inner format", description="The format of the files in the archive.")

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[Any]:
        """The elements of the files of the archive; nothing for an empty body or archive. Raises `DecodeError`."""
        return self._decoded(chunks, charset, "a tar archive", single=False)
