"""The extractors: where records, statuses and download targets are in the decoded elements of a response."""

from __future__ import annotations

from core.components.extractors.combined import CombinedExtractor
from core.components.extractors.dpath import DpathExtractor
from core.components.extractors.file import ResponseToFileExtractor
from core.components.extractors.json_path import JsonPathExtractor
from core.components.extractors.table import TableExtractor
from core.components.extractors.template import TemplateExtractor

__all__ = [
    "CombinedExtractor",
    "DpathExtractor",
    "JsonPathExtractor",
    "ResponseToFileExtractor",
    "TableExtractor",
    "TemplateExtractor",
]
