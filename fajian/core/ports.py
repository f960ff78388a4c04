"""What the core asks of the world around it, and what it hands back. Values and protocols only."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

Header = tuple[str, bytes]

BY_KEY = -1  #: the partition follows from the key by Kafka's standard murmur2


class Record(Protocol):
    """A Kafka record as the core sees it; aiokafka's `ConsumerRecord` is one."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...  #: milliseconds since 1970, the broker's append time
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[Header]: ...


class Output(NamedTuple):
    """One record to send. Its name (`ce_id`) follows from its cause, so sending it twice is harmless."""

    cause: int  #: offset of the input record that it follows from
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header] = ()
    partition: int = BY_KEY


@dataclass(slots=True)
class Folded:
    """What one batch leads to: outputs to deliver, then writes to apply in one go."""

    applied: int  #: offset of the last record folded
    outputs: list[Output] = field(default_factory=list)
    writes: dict[bytes, bytes | None] = field(default_factory=dict)  #: None deletes the key
    notes: dict[str, str] = field(
        default_factory=dict
    )  #: chain head, last tick, rules version: for `progress`
    unfinished: bool = False  #: the record after *applied* is under way: fold it again, over these writes


class Store(Protocol):
    """Reads of one partition's durable keys; writes travel in `Folded.writes`."""

    def get(self, key: bytes) -> bytes | None: ...
    def scan(self, begin: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield keys in [begin, end) in byte order."""
        ...


class Folder(Protocol):
    """An agent's pure part: the same records over the same store give the same `Folded`, byte for byte."""

    def fold(self, records: Sequence[Record], store: Store) -> Folded: ...


FolderFactory = Callable[[], Folder]

Take = Callable[[Sequence[Record]], Awaitable[None]]


class Host(Protocol):
    """Where agents get their handlers from: it keeps stores and progress, delivers outputs, finds gaps."""

    def add(self, agent: str, topics: Sequence[str], folder: FolderFactory, *, durable: bool) -> Take:
        """Return what takes batches of *topics* for *agent*. A durable one has a store for each partition."""
        ...
