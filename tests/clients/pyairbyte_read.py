"""Runs in the environment of PyAirbyte: reads a source into a DuckDB cache, and prints what is in there as JSON."""

import json
import sys
from pathlib import Path

import airbyte as ab
from airbyte.caches import DuckDBCache


def main(executable, config, database, answer):
    """Read all streams into the database, from the state that an earlier read has left there."""
    source = ab.get_source(
        "source-sample",
        local_executable=Path(executable),
        config=json.loads(Path(config).read_text()),
        streams="*",
    )
    source.check()
    result = source.read(cache=DuckDBCache(db_path=database))
    records = {
        name: [{key: value for key, value in record.items() if key[0] != "_"} for record in dataset]
        for name, dataset in result.streams.items()
    }
    Path(answer).write_text(json.dumps({"read": result.processed_records, "records": records}, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
