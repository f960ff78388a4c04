"""Where in a TOML file a key stands: for complaints that a person can follow with an editor."""

import re

Location = tuple[str | int, ...]  #: keys, and numbers of tables in a list


def dotted(where: Location) -> str:
    """Return *where* as people write it: `local[1].length`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in where]
    return "".join(parts).lstrip(".") or "the file"


def line_of(text: str, where: Location) -> int:
    """Return the line of the key *where*, or of the table that should have it."""
    lines = text.splitlines()
    found, names = 0, [part for part in where if isinstance(part, str)]
    counts = [part for part in where if isinstance(part, int)]
    for depth in range(1, len(names) + 1):
        table = r"\.".join(map(re.escape, names[:depth]))
        headers = [i for i, line in enumerate(lines) if i >= found and re.match(rf"\s*\[+{table}\]+", line)]
        if headers:
            wanted = counts[depth - 1] if depth <= len(counts) else 0
            found = headers[min(wanted, len(headers) - 1)]
    last = re.escape(names[-1]) if names else "$"
    for i in range(found, len(lines)):
        if re.match(rf"\s*{last}\s*=", lines[i]):
            return i + 1
        if i > found and lines[i].lstrip().startswith("["):
            break
    return found + 1
