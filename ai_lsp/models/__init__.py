"""Models: what may be asked of one (port), how a family wants it written (fim), who speaks HTTP (backends)."""
