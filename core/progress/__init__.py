"""What people see of a run: its events folded into a picture, shown live or line by line."""
