"""OpenAPI documents (2.0, 3.0, 3.1) as sources of streams.

`document` follows what is written, `schemas` and `records` tell what answers look like, `requests`, `security`,
`paging` and `parents` how they are asked for, `jobs` finds asynchronous ones, and `source` puts all of it together.
Texts of a document never become templates: see `inputs`.
"""

from tui.importing.openapi.source import read_openapi

__all__ = ["read_openapi"]
