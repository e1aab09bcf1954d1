"""Edits checked before they are shown: by language servers of our own, on text that never reaches the disk."""
