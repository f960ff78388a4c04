"""Who is calling. Keys are compared by hash and in constant time; certificates TLS has checked before."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import NamedTuple

from starlette.requests import Request

from connectors.source_config import ClientKey, HttpSource
from connectors.sources.problems import HttpProblem
from connectors.sources.server import CERTIFICATE_NAMES


class Caller(NamedTuple):
    """A backend system and the beginnings of the CloudEvents sources that it may speak for."""

    system: str
    sources: tuple[str, ...]

    def may_speak_for(self, source: str) -> bool:
        return source.startswith(self.sources)


class _Entry(NamedTuple):
    caller: Caller
    key: bytes | None  #: its hash
    certificate: str | None

    def is_proven(self, key: bytes, names: Sequence[str]) -> bool:
        """Tell whether the caller has shown all that this entry asks for."""
        return (self.key is None or hmac.compare_digest(self.key, key)) and (
            self.certificate is None or self.certificate in names
        )


class Doorman:
    """Knows the systems: by the hash of a key, by a name in a client certificate, or by both."""

    def __init__(self, config: HttpSource, *, side: str) -> None:
        self._known = [
            _Entry(Caller(entry.system, entry.sources), _hash_of(entry), entry.certificate)
            for entry in config.keys
        ]
        self._anybody = Caller("anonymous", (f"//{side}/",)) if config.authentication == "none" else None

    def admit(self, request: Request) -> Caller:
        """Return who is calling, or raise `HttpProblem` 401."""
        if self._anybody is not None:
            return self._anybody
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        given = _hash(key.strip() if scheme.lower() == "bearer" else "")
        names = request.scope.get(CERTIFICATE_NAMES, ())
        callers = [entry.caller for entry in self._known if entry.is_proven(given, names)]
        if not callers:
            raise HttpProblem(
                401,
                "unknown-key",
                "expected the bearer key or client certificate of a registered system",
                headers={"WWW-Authenticate": 'Bearer realm="fajian"'},
            )
        return callers[0]


def _hash_of(entry: ClientKey) -> bytes | None:
    if entry.sha256 is not None:
        return bytes.fromhex(entry.sha256)
    return None if entry.key is None else _hash(entry.key.get_secret_value())


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
