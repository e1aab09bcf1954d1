"""Edits: the next one predicted, instructions and sketches turned into exact ones."""
