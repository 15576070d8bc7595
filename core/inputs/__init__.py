"""The inputs of a connector (Airbyte's `config`): gathered from file, environment and command line, and
checked.
"""

from core.inputs.gathering import gather_inputs, unknown_inputs
from core.inputs.specification import secret_values, with_secrets

__all__ = ["gather_inputs", "secret_values", "unknown_inputs", "with_secrets"]
