"""Where a side's events come in."""
