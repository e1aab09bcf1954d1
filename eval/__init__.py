"""Scores of what the product suggests, measured on repositories' own histories."""
