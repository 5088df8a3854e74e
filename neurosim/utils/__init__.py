"""General helpers: checks, files, progress, resources."""
