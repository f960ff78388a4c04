"""Where what a side may see goes out."""
