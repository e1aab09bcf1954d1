"""Models: what may be asked of one (port), how each family wants it written (fim), and who speaks HTTP (backends)."""
