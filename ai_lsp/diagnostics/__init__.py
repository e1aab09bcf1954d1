"""Code that is probably wrong: found, weighed by evidence, and edits checked before they are shown."""
