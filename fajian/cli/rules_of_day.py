"""By which rules a day was judged: for `fajian case --as-of`."""

from datetime import date

from fajian.cli.case_as_of import OfTheDay
from fajian.cli.cluster import settings_of
from fajian.errors import ClusterAwayError, LawError, NotRunningError, RulesMissingError
from fajian.law.documents import load_rules
from fajian.streams.log import KafkaLog
from fajian.streams.rules_topic import RulesTopic


async def rules_of(side: str, day: date) -> OfTheDay:
    """Ask the bus as *side*; a bus that does not answer leaves this release's rules."""
    try:
        async with KafkaLog(settings_of(side), client_id="fajian-case") as log:
            topic = RulesTopic(log)
            await topic.refresh()
            return in_force_on(topic, day)
    except (NotRunningError, ClusterAwayError):
        return OfTheDay(None, load_rules())


def in_force_on(topic: RulesTopic, day: date) -> OfTheDay:
    """Return the rules of *day*; this release's where none was in force, or that one cannot be read."""
    try:
        version = topic.in_force(day)
    except RulesMissingError:
        return OfTheDay(None, load_rules())
    try:
        return OfTheDay(version, topic.get(version))
    except LawError:  # another fold
        return OfTheDay(version, load_rules())
