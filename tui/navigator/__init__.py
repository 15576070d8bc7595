"""The navigator: what a manifest consists of, with marks for what needs a look."""
