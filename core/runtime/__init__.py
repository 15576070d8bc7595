"""What runs components and is named by no manifest. Start with `component`, `roles` and `context`.

- `component`, `roles`: the base of every component, and what components promise each other.
- `context`, `slices`, `tokens`: what a component sees while it works: the run, the slice, its template variables.
- `partitions`, `cursor`, `timeline`, `time_cursor`, `partitioned_cursor`, `cursor_progress`, `resumption`: which slices
  a stream has, how far it was read, and how a later run goes on with that.
- `page_reader`, `pages`: one response after the other, from the requester through the paginator into a sink.
- `pipes`, `record_pipeline`, `field_path`: bytes cross to a worker thread, elements become records.
"""
