"""A made-up county played on the real bus: `fajian demo`."""
