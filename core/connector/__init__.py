"""From a document to a connector: the resolved, validated, immutable tree of components, with all problems found."""

from core.connector.connector import Connector, unsupported_in
from core.connector.loading import load_connector

__all__ = ["Connector", "load_connector", "unsupported_in"]
