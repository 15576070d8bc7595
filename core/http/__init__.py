"""HTTP as connectors need it: requests from parts, sent with retries, recorded without secrets."""
