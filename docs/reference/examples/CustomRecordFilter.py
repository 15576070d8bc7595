from dataclasses import dataclass

from airbyte_cdk.sources.declarative.extractors.record_filter import RecordFilter


@dataclass
class FirstOfEach(RecordFilter):
    def filter_records(self, records, stream_state, stream_slice=None, next_page_token=None):
        seen = set()
        for record in records:
            if record["kind"] not in seen:
                seen.add(record["kind"])
                yield record
