"""Ed25519 signatures of people over something that has a canonical form: the policy, a decision on a hold."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fajian.errors import KeyFileError

Side = Literal["court", "procuratorate"]
SIDES: Final[tuple[Side, ...]] = ("court", "procuratorate")  #: those who agree

#: How a side's signature stands: only `valid` counts.
Standing = Literal["valid", "missing", "unregistered", "other-key", "other-text", "false"]

PREFIX: Final = "ed25519:"
_POLICY: Final = b"fajian policy v1\n"  #: what a signature is for: none may be taken for another


class Signature(NamedTuple):
    """What one side wrote under a policy."""

    key: str  #: public key, `ed25519:` and base64
    digest: str  #: of the text that was signed: tells a changed text from a false signature
    signature: str  #: base64


def canonical(value: Any) -> bytes:
    """Return the one form of *value* in which it is signed: JSON with sorted keys, days as text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest_of(table: Mapping[str, Any]) -> str:
    return f"sha256:{sha256(canonical(table)).hexdigest()}"


def sign_policy(table: Mapping[str, Any], side: Side, key: Ed25519PrivateKey) -> Signature:
    """Sign the meaning of *table* for *side*."""
    return Signature(public_text(key.public_key()), digest_of(table), sign(_message(table, side), key))


def check_signature(
    table: Mapping[str, Any], side: Side, registered: str | None, signature: Signature | None
) -> Standing:
    """Return how *signature* stands on *table* now, where *registered* is the key that counts for *side*."""
    if signature is None:
        return "missing"
    if registered is None:
        return "unregistered"
    if signature.key != registered:
        return "other-key"
    if signature.digest != digest_of(table):
        return "other-text"
    return "valid" if is_signed(_message(table, side), registered, signature.signature) else "false"


def _message(table: Mapping[str, Any], side: Side) -> bytes:
    return _POLICY + side.encode() + b"\n" + canonical(table)


def sign(message: bytes, key: Ed25519PrivateKey) -> str:
    return b64encode(key.sign(message)).decode()


def is_signed(message: bytes, public: str, signature: str) -> bool:
    """Tell whether *signature* on *message* was made with the key of *public*."""
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public.removeprefix(PREFIX), validate=True))
        key.verify(b64decode(signature, validate=True), message)
    except (ValueError, InvalidSignature):
        return False
    return True


# -- keys ---------------------------------------------------------------------------------------------------


def public_text(key: Ed25519PublicKey) -> str:
    """Return a public key as a policy names it."""
    return PREFIX + b64encode(key.public_bytes_raw()).decode()


def new_key(path: Path, passphrase: str | None = None) -> Ed25519PrivateKey:
    """Make a private key and keep it in *path*, for its owner's eyes only; it must be a new file."""
    key = Ed25519PrivateKey.generate()
    guard: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        guard = serialization.BestAvailableEncryption(passphrase.encode())
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, guard)
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(text)
    except OSError as error:
        raise KeyFileError(f"expected a new file for the key, got {path}: {error.strerror}") from error
    return key


def is_locked(path: Path) -> bool:
    """Tell whether the key in *path* needs a passphrase."""
    return b"ENCRYPTED" in _read(path)


def load_key(path: Path, passphrase: str | None = None) -> Ed25519PrivateKey:
    """Read a private key as `new_key` wrote it."""
    try:
        key = serialization.load_pem_private_key(_read(path), passphrase.encode() if passphrase else None)
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"expected a private key (PEM, Ed25519) in {path}: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"expected an Ed25519 key in {path}, got {type(key).__name__}")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"expected a private key in {path}: {error.strerror}") from error
