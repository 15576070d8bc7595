"""Components that another package could add, one class in one file each (see CONTRIBUTING)."""
