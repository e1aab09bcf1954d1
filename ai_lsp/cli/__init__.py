"""The commands that talk to a person: each a small LSP client, or a reader of the server's own files."""
