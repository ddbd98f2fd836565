"""A screen a task."""
