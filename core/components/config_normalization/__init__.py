"""What is done with the inputs before a run: brought into today's shape, changed, checked."""

from core.components.config_normalization.rules import ConfigMigration, ConfigNormalizationRules
from core.components.config_normalization.transformations import ConfigAddFields, ConfigRemapField, ConfigRemoveFields
from core.components.config_normalization.validators import (
    DpathValidator,
    PredicateValidator,
    ValidateAdheresToSchema,
)

__all__ = [
    "ConfigAddFields",
    "ConfigMigration",
    "ConfigNormalizationRules",
    "ConfigRemapField",
    "ConfigRemoveFields",
    "DpathValidator",
    "PredicateValidator",
    "ValidateAdheresToSchema",
]
