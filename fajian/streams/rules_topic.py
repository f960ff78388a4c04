"""The topic `rules`: every version of law, calendar and policy that was ever in force, by its name."""

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
    """Append *rules* to the topic. Doing it again changes nothing."""
    headers = ((EFFECTIVE, effective_day.isoformat().encode()),)
    record = Output(0, RULES, rules.version.encode(), rules_document(rules), headers, partition=0)
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
            record = self._topic.get(version.encode())
            if record is None or record.value is None:
                raise KeyError(version)
            self._read[version] = rules_from_document(record.value)
        return self._read[version]

    def adopted(self) -> list[tuple[date, str]]:
        """Return every version with the first day that is judged by it, the earliest first."""
        return sorted((_effective_day(record), (record.key or b"").decode()) for record in self._topic)

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
        newest = max(effective, key=lambda record: (_effective_day(record), record.offset))
        return (newest.key or b"").decode()


def _effective_day(record: Record) -> date:
    return date.fromisoformat(dict(record.headers)[EFFECTIVE].decode())
