"""Every error of the bus.

FajianError
├── CountingError        a period cannot be counted as asked
├── RequestError         a question on the command line cannot be understood
├── EventError           a submitted event cannot be taken as it is
│   ├── WireError        it cannot be read: broken JSON, headers that are no CloudEvents
│   └── SubjectError     it names no subject, or not one that we understand
├── LawError             a row of the law or the policy cannot be read
│   └── PolicyError      the policy is not as it must be: a line for every problem
├── KeyFileError         a private key cannot be read or made
├── LedgerRecordError    a ledger record that the fold cannot read: a fault of ours, its partition stops
├── DemoError            the county cannot be played, or does not come to rest
├── SettingsError        a setting is missing or cannot be read
├── StreamError          the stream runtime
│   ├── LedgerMismatchError   what was kept and the ledger do not belong together: the worker stops
│   ├── PartitionStoppedError a record cannot be folded: its partition stops
│   ├── StoreError            a partition's store cannot be opened or written: the worker ends
│   ├── StuckError            records wait and nothing moves: the worker ends, to be started again
│   ├── DeliveryError         Kafka did not acknowledge outputs: they are sent again
│   ├── ClusterAwayError      Kafka does not answer: wait and try again
│   ├── AccessError           topics or rights are missing at the start
│   ├── RulesMissingError     a rules version is not in the topic `rules`
│   ├── HeldError             flags wait for the decision of two people: their partition stands still
│   ├── HoldError             a decision on a hold that cannot be taken so
│   ├── LedgerUndeclaredError the ledger does not say yet what it is
│   └── TickRefusedError      that day has not ended yet
├── ConnectorError       a side's connector
│   ├── ConnectorConfigError  its file is wrong
│   ├── PeerAwayError         Kafka or PostgreSQL does not answer: wait and try again
│   ├── InboxRefusedError     Kafka answers, and will not take this record
│   ├── ForbiddenAddressError a webhook would go where it must not
│   ├── SourceError           a table or folder that events come from is not as it must be: a person must act
│   └── ProjectionError       the database and the topics do not belong together: a person must decide
└── LocalError           the embedded stack
    ├── JarError         a jar is missing, cannot be fetched, or is not the one that we locked
    ├── StartError       Kafka, PostgreSQL or one of our own processes did not come up
    ├── NotRunningError  there is no running stack in that data folder
    └── TopicError       topics, users or rights could not be made as described
"""

from collections.abc import Sequence
from pathlib import Path
from traceback import extract_tb


class FajianError(Exception):
    """Base of all: the message says what was expected, what came, and where."""


class CountingError(FajianError):
    """A period cannot be counted as asked: say, the unit does not fit the count code."""


class EventError(FajianError):
    """A submitted event cannot be taken. *pointer* (RFC 6901) leads into the event as structured JSON."""

    def __init__(self, message: str, *, code: str, pointer: str) -> None:
        super().__init__(message)
        self.code = code
        self.pointer = pointer


class WireError(EventError):
    """It cannot be read: broken JSON, or headers that are no CloudEvents."""


class SubjectError(EventError):
    """It names no subject, or not one that we understand."""


class LawError(FajianError):
    """A row of the law or of the policy cannot be read, or names what does not exist."""


class PolicyError(LawError):
    """The policy is not as it must be. *problems*: file, line, key, what was expected and what came."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class KeyFileError(FajianError):
    """A private key cannot be read, or not be kept where it was asked for."""


class LedgerRecordError(FajianError):
    """A ledger record that the fold cannot read. Intake passes only readable ones: the fault is ours."""

    def __init__(self, *, where: str, reason: str) -> None:
        super().__init__(
            f"ledger record {where} cannot be folded: {reason}. It stops its partition until the fold is "
            f"mended, or two people answer for passing it over: `fajian skip {where}`"
        )
        self.where = where
        self.reason = reason


class RequestError(FajianError):
    """A question on the command line cannot be understood."""


class DemoError(FajianError):
    """The simulated county cannot be played on this stack, or the bus does not come to rest."""


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


class ForbiddenAddressError(ConnectorError):
    """A webhook's name leads to an address that nobody allowed: inside, loopback, metadata."""


class SourceError(ConnectorError):
    """The table or folder that events come from is missing or not as it must be; waiting does not help."""


class ProjectionError(ConnectorError):
    """The projection and the topics do not belong together; going on would lose or mix records."""


class StreamError(FajianError):
    """Something about the stream runtime."""


class LedgerMismatchError(StreamError):
    """A store or a progress record and the topic do not belong together. Nobody goes on from there."""


class PartitionStoppedError(StreamError):
    """A record cannot be folded; only an entry in `skips` with two names or a mended fold passes it."""

    def __init__(self, message: str, *, topic: str, partition: int, offset: int) -> None:
        super().__init__(message)
        self.topic = topic
        self.partition = partition
        self.offset = offset


class StoreError(StreamError):
    """A partition's store cannot be opened or written, or is asked for what it keeps for itself."""


class StuckError(StreamError):
    """Records wait, Kafka answers, and nothing has moved for so long that only a new start helps."""


class DeliveryError(StreamError):
    """Kafka did not acknowledge outputs. Sending them again is harmless: they have names."""


class ClusterAwayError(StreamError):
    """Kafka does not answer; nothing is lost by trying again."""


class AccessError(StreamError):
    """Topics or rights are missing: one line for each."""


class RulesMissingError(StreamError):
    """A tick names a rules version that the topic `rules` does not have (yet)."""


class HeldError(StreamError):
    """The brake holds the flags of a tick: routing stands still before them until two people have decided."""


class HoldError(StreamError):
    """Somebody may not decide on a hold, has done so already, or there is no such hold."""


class LedgerUndeclaredError(StreamError):
    """The first record of the ledger is not there yet: declare it (`fajian up` and `fajian demo` do)."""


class TickRefusedError(StreamError):
    """That day of Shanghai has not ended yet, and the ledger is not a simulated one."""


def place_of(error: Exception) -> str:
    """Return file and line; an error's own words may repeat what a record says."""
    frame = extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
