"""Write `jars.lock.toml` anew: `python -m fajian.local.jars_lock`, after a change of the versions below."""

import hashlib
import tempfile
from pathlib import Path

from jgo.env import EnvironmentBuilder
from jgo.maven import MavenContext

#: The "!" keeps jgo from taking a coordinate as a bill of materials, which silently changes versions.
ENDPOINT = "org.apache.kafka:kafka_2.13:4.3.1!+org.apache.logging.log4j:log4j-slf4j-impl:2.25.4!"


def main() -> None:
    """Resolve all that Kafka needs, in a throw-away repository, and note versions and checksums."""
    with tempfile.TemporaryDirectory() as scratch:
        repo = Path(scratch, "repo")
        context = MavenContext(repo_cache=repo, local_repos=[], timeout=60)
        EnvironmentBuilder(context=context, cache_dir=Path(scratch, "env")).from_endpoint(ENDPOINT)
        rows = sorted(_row(jar, repo) for jar in repo.rglob("*.jar"))
    text = (
        "# Written by `python -m fajian.local.jars_lock`: what the embedded Kafka runs from.\n\n"
        + "\n".join(rows)
    )
    Path(__file__).with_name("jars.lock.toml").write_text(text, encoding="utf-8")


def _row(jar: Path, repo: Path) -> str:
    *group, artifact, version, _ = jar.relative_to(repo).parts
    body = jar.read_bytes()
    coordinate = f'coordinate = "{".".join(group)}:{artifact}:{version}"'
    return f'[[jar]]\n{coordinate}\nsha256 = "{hashlib.sha256(body).hexdigest()}"\nsize = {len(body)}\n'


if __name__ == "__main__":
    main()
