"""What is different in two tests of a stream: their records, their requests and the schema of their records."""
