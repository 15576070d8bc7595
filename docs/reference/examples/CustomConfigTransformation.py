from dataclasses import dataclass

from airbyte_cdk.sources.declarative.transformations.config_transformations.config_transformation import (
    ConfigTransformation,
)


@dataclass
class UpperAccount(ConfigTransformation):
    def transform(self, config):
        config["account"] = config["account"].upper()
