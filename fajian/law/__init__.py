"""The law and the policy as data, and how they are read."""
