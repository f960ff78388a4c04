"""Standard Webhooks signatures: v1 with a shared secret, v1a with an Ed25519 key. Pure.

While keys change over there are two of a kind, and a message carries a signature by each.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks import Webhook

SECRET_PREFIX, KEY_PREFIX, PUBLIC_PREFIX = "whsec_", "whsk_", "whpk_"
SHORTEST_SECRET, LONGEST_SECRET = 24, 64  #: bytes, by the specification


class Signer(NamedTuple):
    """All keys of one receiver, those that go out of use last."""

    secrets: Sequence[Webhook] = ()
    keys: Sequence[Ed25519PrivateKey] = ()

    def headers(self, message_id: str, body: bytes, *, at: datetime) -> dict[str, str]:
        """Return the three headers of the message. Each attempt has a time of its own, one id has all."""
        moment = at.astimezone(UTC)
        seconds = str(int(moment.timestamp()))
        signed = [each.sign(message_id, moment, body.decode()) for each in self.secrets]
        content = f"{message_id}.{seconds}.".encode() + body
        signed += [f"v1a,{base64.b64encode(key.sign(content)).decode()}" for key in self.keys]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": seconds,
            "webhook-signature": " ".join(signed),
        }


def symmetric_key(text: str) -> Webhook:
    """Read a shared secret, or raise `ValueError`, which does not tell it."""
    raw = _decoded(text, SECRET_PREFIX)
    if not SHORTEST_SECRET <= len(raw) <= LONGEST_SECRET:
        raise ValueError(f"expected {SHORTEST_SECRET} to {LONGEST_SECRET} bytes after {SECRET_PREFIX}")
    return Webhook(raw)


def asymmetric_key(text: str) -> Ed25519PrivateKey:
    """Read a private key: its seed of 32 bytes, with or without the public key behind it."""
    raw = _decoded(text, KEY_PREFIX)
    if len(raw) not in (32, 64):
        raise ValueError(f"expected an Ed25519 key of 32 or 64 bytes after {KEY_PREFIX}")
    return Ed25519PrivateKey.from_private_bytes(raw[:32])


def public_key_of(key: Ed25519PrivateKey) -> str:
    """Return what the receiver is given."""
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return PUBLIC_PREFIX + base64.b64encode(raw).decode()


def public_key(text: str) -> Ed25519PublicKey:
    """Read what `public_key_of` wrote, as a receiver does."""
    return Ed25519PublicKey.from_public_bytes(_decoded(text, PUBLIC_PREFIX))


def _decoded(text: str, prefix: str) -> bytes:
    if not text.startswith(prefix):
        raise ValueError(f"expected a key that begins with {prefix}")
    try:
        return base64.b64decode(text.removeprefix(prefix), validate=True)
    except binascii.Error as error:
        raise ValueError(f"expected base64 after {prefix}") from error
