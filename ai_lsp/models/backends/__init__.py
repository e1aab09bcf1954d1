"""One file per API; the name of the file is the value of `api` in the settings."""
