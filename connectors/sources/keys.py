"""Who is calling: one bearer key per backend system, compared by hash and in constant time."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import NamedTuple

from connectors.source_config import HttpSource
from connectors.sources.problems import HttpProblem


class Caller(NamedTuple):
    """A backend system and the beginnings of the CloudEvents sources that it may speak for."""

    system: str
    sources: tuple[str, ...]

    def may_speak_for(self, source: str) -> bool:
        return source.startswith(self.sources)


class Doorman:
    """Knows the keys, by their hashes only."""

    def __init__(self, config: HttpSource, *, side: str) -> None:
        self._known: Sequence[tuple[bytes, Caller]] = [
            (
                bytes.fromhex(entry.sha256) if entry.sha256 else _hash(entry.key.get_secret_value()),  # type: ignore[union-attr]
                Caller(entry.system, entry.sources),
            )
            for entry in config.keys
        ]
        self._anybody = Caller("anonymous", (f"//{side}/",)) if config.authentication == "none" else None

    def admit(self, authorization: str | None) -> Caller:
        """Return whose key it is, or raise `HttpProblem` 401."""
        if self._anybody is not None:
            return self._anybody
        scheme, _, key = (authorization or "").partition(" ")
        given = _hash(key.strip())
        callers = [caller for known, caller in self._known if hmac.compare_digest(known, given)]
        if scheme.lower() != "bearer" or not callers:
            raise HttpProblem(
                401,
                "unknown-key",
                "expected Authorization: Bearer with the key of a registered system",
                headers={"WWW-Authenticate": 'Bearer realm="fajian"'},
            )
        return callers[0]


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
