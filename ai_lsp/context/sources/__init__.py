"""Context sources, one file each: a pure function from what is near the cursor to prompt parts."""
