"""One language server that gives every editor ghost text, next edits and exact edits."""

__version__ = "0.1.0"
