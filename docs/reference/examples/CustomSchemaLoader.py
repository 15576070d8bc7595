from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.schema import SchemaLoader


@dataclass
class FieldsOfPlan(SchemaLoader):
    config: Mapping[str, Any]

    def get_json_schema(self):
        names = ["id", "name"] + (["price"] if self.config["plan"] == "b" else [])
        return {"type": "object", "properties": {name: {"type": ["null", "string"]} for name in names}}
