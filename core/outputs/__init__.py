"""Where records, state, jobs, traces and tokens go: standard output, files, directories."""
