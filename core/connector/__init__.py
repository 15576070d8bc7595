"""From a document to a connector: the resolved, validated, immutable tree of components, with all problems found."""

from core.connector.connector import Connector, load_connector, unsupported_in

__all__ = ["Connector", "load_connector", "unsupported_in"]
