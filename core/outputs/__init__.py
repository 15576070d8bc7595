"""Where records, state, traces and tokens go: standard output, files, directories."""
