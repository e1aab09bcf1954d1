"""Inline completion: from the cursor to a suggestion, or to a reason for silence."""
