"""What is said to whoever mistyped a word."""


def did_you_mean(near: str | None) -> str:
    """Return the end of an error about an unknown word; *near* is the known one that is most like it."""
    return f"，是否 {near}？ / did you mean {near}?" if near else ""
