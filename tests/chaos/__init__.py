"""Faults on purpose on the whole bus, and a checker of its own that reads back what came of it."""
