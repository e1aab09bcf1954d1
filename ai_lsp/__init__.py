"""One language server that gives every editor ghost text, next edits and exact edits."""
