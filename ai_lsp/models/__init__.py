"""Models: what may be asked of one (port), how a family wants it written (fim), and who speaks HTTP (backends)."""
