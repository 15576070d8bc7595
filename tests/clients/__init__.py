"""Programs that others have written read through Longhaul; run by `make test-clients` alone."""
