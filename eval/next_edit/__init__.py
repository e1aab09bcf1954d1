"""The next edit, measured on the hunks of repositories' own commits."""
