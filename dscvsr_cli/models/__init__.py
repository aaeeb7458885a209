"""Networks as plain modules: no files, no downloads, no device choice."""
