"""Evaluation of review: injected bugs, real fixes turned round, clean commits, each reported apart."""
