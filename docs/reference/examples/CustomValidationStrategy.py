from dataclasses import dataclass
from datetime import date

from airbyte_cdk.sources.declarative.validators import ValidationStrategy


@dataclass
class InThePast(ValidationStrategy):
    def validate(self, value):
        if date.fromisoformat(value) > date.today():
            raise ValueError(f"{value} is in the future.")
