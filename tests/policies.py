"""Policies for tests: the smallest that is one, and keys of two sides that exist nowhere else."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fajian.law.policy import PolicyFile, read_policy, signatures_beside, write_signatures
from fajian.law.signatures import Side, public_text, sign_policy

COURT_KEY = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
PROCURATORATE_KEY = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
THIRD_KEY = Ed25519PrivateKey.from_private_bytes(b"t" * 32)

KEYS: dict[Side, Ed25519PrivateKey] = {"court": COURT_KEY, "procuratorate": PROCURATORATE_KEY}

HEAD = """\
id = "sample"
version = "1"
agreement = "agreement/sample"
answer_window = 5
late_days = 7
"""

PARTIES = """
[parties.court]
name = "示范法院（虚构）"
code = "皖1324"

[parties.procuratorate]
name = "示范检察院（虚构）"
code = "泗检"

[leading_group]
posts = ["court-president", "chief-procurator"]

[office]
posts = ["mechanism-office"]

[meetings]
every_months = 3
called_by = "mechanism-office"
"""

SIGNERS = f"""
[keys]
court = "{public_text(COURT_KEY.public_key())}"
procuratorate = "{public_text(PROCURATORATE_KEY.public_key())}"
"""


def policy_text(head: str = "", tables: str = "") -> str:
    """Return the text of a policy; *head* stands among its first keys, *tables* at its end."""
    return HEAD + head + PARTIES + SIGNERS + tables


def write_policy(folder: Path, head: str = "", tables: str = "") -> Path:
    path = folder / "policy.toml"
    path.write_text(policy_text(head, tables), "utf-8")
    return path


def sign_for(path: Path, *sides: Side) -> PolicyFile:
    """Sign the policy in *path* for *sides* with their own keys."""
    policy = read_policy(path)
    signatures = dict(policy.signatures) | {
        side: sign_policy(policy.table, side, KEYS[side]) for side in sides
    }
    write_signatures(signatures_beside(path), signatures)
    return read_policy(path)
