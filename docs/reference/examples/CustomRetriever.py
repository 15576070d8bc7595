from dataclasses import dataclass

from airbyte_cdk.sources.declarative.retrievers import SimpleRetriever


@dataclass
class Numbered(SimpleRetriever):
    def read_records(self, records_schema, stream_slice=None):
        for number, record in enumerate(super().read_records(records_schema, stream_slice)):
            record.data["place"] = number
            yield record
