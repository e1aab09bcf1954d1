"""Prompt parts, tree-sitter and the files of the workspace: what a suggestion may know."""
