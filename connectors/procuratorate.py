"""The procuratorate's connector (检察院侧).

It sends what a procuratorate may say (the `publishers` column of `fajian/law/events.toml`): its systems hand
events to the HTTP source, which writes them to `procuratorate.inbox`. It receives what a procuratorate may
see, into its own PostgreSQL: feed with the leads (unverified, 未经核实), receipts, and the state that both
sides share.
"""

from collections.abc import Mapping
from pathlib import Path

from connectors.config import ConnectorConfig, load_side
from connectors.runtime import Connector
from connectors.sources.judge import judge_for
from schemas.topics import CASE_STATE, feed, inbox, receipts

SIDE = "procuratorate"
CONFIG = Path(__file__).with_name("procuratorate.toml")
SENDS_TO = inbox(SIDE)
RECEIVES = (feed(SIDE), receipts(SIDE), CASE_STATE)


def build(variables: Mapping[str, str], path: Path = CONFIG) -> Connector:
    """Return the connector that *path* describes; *variables* fill its `${NAME}`."""
    return assemble(load_side(SIDE, path, variables))


def assemble(config: ConnectorConfig) -> Connector:
    """Put the parts of *config* together."""
    return Connector(config, sends_to=SENDS_TO, receives=RECEIVES, judge=judge_for(SIDE))
