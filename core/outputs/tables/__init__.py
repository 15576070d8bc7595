"""Records as Arrow tables: Parquet and DuckDB files, and what others make of tables. Needs the extra `parquet`."""
