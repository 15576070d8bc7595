"""What runs components and is named by no manifest: roles, context, slices, cursors, paging, pipes between threads."""
