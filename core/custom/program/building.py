"""Makes the components: imports the code as airbyte-cdk does, and has its factory build what the manifest says."""

import copy
import linecache
import sys
from importlib.util import find_spec
from types import ModuleType

from airbyte_cdk.sources.declarative.models import declarative_component_schema as models
from airbyte_cdk.sources.declarative.parsers.model_to_component_factory import ModelToComponentFactory

MODULES = ("source_declarative_manifest.components", "components")
"""The names under which airbyte-cdk finds the code of a manifest."""
DEFAULT_DECODER = {"type": "JsonDecoder"}


def import_code(text, file):
    """Run the code, which was allowed as this very text, as the modules that `class_name` may name."""
    module = ModuleType(MODULES[-1])
    module.__file__ = file
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    for name in MODULES:
        sys.modules[name] = module
    exec(compile(text, file, "exec"), module.__dict__)


class Builder:
    """Builds the components at their places in a manifest whose references and parameters are resolved."""

    def __init__(self, manifest, config):
        self.manifest = manifest
        self.config = config

    def build(self, path, definition, root=None):
        """The component that is written at a path of the manifest, or of the tree at `root`."""
        self._alias(definition.get("class_name", ""))
        above = self._above(self.manifest if root is None else root, path)
        stream = next((part for part in reversed(above) if part.get("type") == "DeclarativeStream"), None)
        if definition["type"] == "CustomRetriever" and stream is not None and above[-1] is stream:
            return self._retriever(stream)
        model = getattr(models, definition["type"])
        passed = self._passed(definition["type"], above, stream)
        return ModelToComponentFactory().create_component(model, copy.deepcopy(definition), self.config, **passed)

    def _alias(self, class_name):
        """Have the code found under the name of the package that it once was in: `source_acme.components.Class`."""
        package, _, name = class_name.rpartition(".")[0].partition(".")
        if name == "components" and package not in sys.modules and find_spec(package) is None:
            sys.modules[package] = ModuleType(package)
            sys.modules[f"{package}.{name}"] = sys.modules[MODULES[0]]

    def _above(self, part, path):
        """The mappings that a path goes through from a part on."""
        found = []
        for step in path:
            if isinstance(part, dict):
                found.append(part)
            try:
                part = part[step]
            except (KeyError, IndexError, TypeError):
                return []
        return found

    def _passed(self, kind, above, stream):
        """What airbyte-cdk passes to a component of this kind from what is around it."""
        name = (stream or {}).get("name", "")
        if kind == "CustomRecordExtractor":
            return {"decoder": self._decoder(above)}
        if kind == "CustomPaginationStrategy":
            return {"decoder": self._decoder(above)}
        if kind == "CustomRequester":
            return {"decoder": self._decoder(above), "name": name}
        if kind == "CustomAuthenticator":
            requester = next((part for part in reversed(above) if "authenticator" in part), {})
            url = requester.get("url") or requester.get("url_base")
            return {"decoder": self._decoder(above), "name": name, "url_base": url}
        if kind == "CustomPartitionRouter":
            return {"stream_name": name}
        if kind == "CustomStateMigration" and stream is not None:
            return {"declarative_stream": models.DeclarativeStream.parse_obj(copy.deepcopy(stream))}
        if kind == "CustomRetriever":
            return {"name": name, "primary_key": None, "transformations": []}
        return {}

    def _decoder(self, above):
        retriever = next((part for part in reversed(above) if "requester" in part or "record_selector" in part), {})
        is_job = retriever.get("type") == "AsyncRetriever"
        written = retriever.get("download_decoder" if is_job else "decoder") or DEFAULT_DECODER
        model = getattr(models, written["type"])
        return ModelToComponentFactory().create_component(model, copy.deepcopy(written), self.config)

    def _retriever(self, stream):
        """The retriever in its stream, whose transformations and cursor airbyte-cdk passes to it."""
        made = ModelToComponentFactory().create_component(models.DeclarativeStream, copy.deepcopy(stream), self.config)
        return made._stream_partition_generator._partition_factory._retriever
