"""The topic `rules`: every version of law, calendar and policy that was ever in force, by name and day."""

from datetime import date

from fajian.core.ports import Output, Record
from fajian.core.rules import Rules
from fajian.errors import RulesMissingError
from fajian.law.documents import rules_document, rules_from_document
from fajian.streams.compacted import CompactedTopic
from fajian.streams.log import Log
from fajian.streams.outbox import Outbox
from schemas.topics import RULES

EFFECTIVE = "effective"  #: header: the first day that is judged by it


async def publish_rules(outbox: Outbox, rules: Rules, *, effective_day: date) -> None:
    """Append *rules* to the topic. Doing it again for the same day changes nothing.

    The key holds version and day: a version that comes back later keeps the days that it had before.
    """
    headers = ((EFFECTIVE, effective_day.isoformat().encode()),)
    key = f"{rules.version}/{effective_day}".encode()
    record = Output(0, RULES, key, rules_document(rules), headers, partition=0)
    await outbox.deliver([record])


class RulesTopic:
    """The versions as of the last `refresh`."""

    def __init__(self, log: Log) -> None:
        self._topic = CompactedTopic(RULES, log)
        self._read: dict[str, Rules] = {}

    async def refresh(self) -> None:
        await self._topic.refresh()

    def get(self, version: str) -> Rules:
        """Return a version; raise `KeyError` where it is not there (yet)."""
        if version not in self._read:
            self._read[version] = rules_from_document(self.document(version))
        return self._read[version]

    def document(self, version: str) -> bytes:
        """Return what a version was read from; raise `KeyError` where it is not there (yet)."""
        document = next((record.value for record in self._topic if _version(record) == version), None)
        if document is None:
            raise KeyError(version)
        return document

    def adopted(self) -> list[tuple[date, str]]:
        """Return each adoption, the earliest first: a day that begins the rule of a version, and the version.

        Of several for the same day the last one counts, and stands last.
        """
        return [(_effective_day(record), _version(record)) for record in sorted(self._topic, key=_order)]

    def in_force(self, day: date) -> str:
        """Return the version by which *day* is judged: the last one adopted that is effective by then."""
        if (version := self._newest(day)) is None:
            raise RulesMissingError(f"no version in the topic {RULES} is in force on {day}: adopt one first")
        return version

    def before(self, day: date) -> Rules | None:
        """Return the rules that one effective from *day* on would follow; None where there are none."""
        return None if (version := self._newest(day)) is None else self.get(version)

    def _newest(self, day: date) -> str | None:
        effective = [record for record in self._topic if _effective_day(record) <= day]
        if not effective:
            return None
        return _version(max(effective, key=_order))


def _effective_day(record: Record) -> date:
    return date.fromisoformat(dict(record.headers)[EFFECTIVE].decode())


def _version(record: Record) -> str:
    return (record.key or b"").decode().partition("/")[0]


def _order(record: Record) -> tuple[date, int]:
    return _effective_day(record), record.offset
