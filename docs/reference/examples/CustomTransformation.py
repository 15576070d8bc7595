from dataclasses import dataclass

from airbyte_cdk.sources.declarative.transformations import RecordTransformation


@dataclass
class HostOnly(RecordTransformation):
    key: str

    def transform(self, record, config=None, stream_state=None, stream_slice=None):
        record["host"] = record[self.key].pop("mail").partition("@")[2]
