"""Reads streams with Spark, as the data frames that standard input lists, and says what came of them.

Runs in a process of its own, like any other program of Spark.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pyspark.sql import SparkSession

from core.scaling.spark import LonghaulDataSource


def read(spark: Any, frame: dict[str, Any]) -> dict[str, Any]:
    try:
        source = spark.read.format("longhaul").options(**frame["options"])
        if "schema" in frame:
            source = source.schema(frame["schema"])
        data = source.load()
        return {
            "columns": data.schema.simpleString(),
            "partitions": data.rdd.getNumPartitions(),
            "plan": data._jdf.queryExecution().toString(),
            "records": [json.loads(line) for line in data.toJSON().collect()],
        }
    except Exception as error:
        return {"error": str(error)}


def main() -> None:
    """Read one frame after the other in the same session."""
    spark = SparkSession.builder.master("local[4]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    spark.dataSource.register(LonghaulDataSource)
    answers = [read(spark, frame) for frame in json.load(sys.stdin)]
    spark.stop()
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
