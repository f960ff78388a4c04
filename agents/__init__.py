"""The stream processors: one thin module per stream."""
