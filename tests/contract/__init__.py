"""Contracts: whatever is found in a folder or a table keeps the promises of its kind."""
