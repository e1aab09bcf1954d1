"""Text values: documents, spans, edits. No clock, dice, disk, loop or log."""
