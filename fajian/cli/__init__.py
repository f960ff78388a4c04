"""The `fajian` command: one module per command."""
