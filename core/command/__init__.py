"""What the `longhaul` command does: its arguments, a run without a screen, the validation of a manifest."""
