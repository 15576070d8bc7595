"""Whole screens of the builder, and what they are made of."""
