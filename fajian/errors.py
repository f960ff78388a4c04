"""Every error of the bus.

FajianError
├── CountingError        a period cannot be counted as asked
├── SettingsError        a setting is missing or cannot be read
├── ConnectorError       a side's connector
│   ├── ConnectorConfigError  its file is wrong
│   ├── PeerAwayError         Kafka or PostgreSQL does not answer: wait and try again
│   ├── InboxRefusedError     Kafka answers, and will not take this record
│   └── ProjectionError       the database and the topics do not belong together: a person must decide
└── LocalError           the embedded stack
    ├── JarError         a jar is missing, cannot be fetched, or is not the one that we locked
    ├── StartError       Kafka, PostgreSQL or one of our own processes did not come up
    ├── NotRunningError  there is no running stack in that data folder
    └── TopicError       topics, users or rights could not be made as described
"""

from pathlib import Path


class FajianError(Exception):
    """Base of all: the message says what was expected, what came, and where."""


class CountingError(FajianError):
    """A period cannot be counted as asked: say, the unit does not fit the count code."""


class SettingsError(FajianError):
    """A setting is missing or cannot be read."""


class LocalError(FajianError):
    """Something about the embedded stack."""


class JarError(LocalError):
    """A jar of the embedded Kafka is missing, cannot be fetched, or is not the one that we locked."""


class StartError(LocalError):
    """A process did not come up; *log* is where it says why."""

    def __init__(self, message: str, *, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log


class NotRunningError(LocalError):
    """There is no running stack in that data folder."""


class TopicError(LocalError):
    """Topics, users or rights could not be made as `schemas/topics.py` describes them."""


class ConnectorError(FajianError):
    """Something about a side's connector."""


class ConnectorConfigError(ConnectorError):
    """The connector's file is wrong: one line per problem, with file, line and key."""


class PeerAwayError(ConnectorError):
    """Kafka or PostgreSQL does not answer; nothing is lost by trying again."""


class InboxRefusedError(ConnectorError):
    """Kafka answers and will not take this record, now or later (too large, not allowed)."""


class ProjectionError(ConnectorError):
    """The projection and the topics do not belong together; going on would lose or mix records."""
