"""The law and the local policy as versioned data."""
