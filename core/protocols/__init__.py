"""A read spoken as others understand it: the Airbyte protocol, as the command `source-longhaul`."""
