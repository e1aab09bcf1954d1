"""The embedded next-edit engine: no model, no network, a process of its own."""
