"""Every topic of the bus, described once: creation, ACLs, AsyncAPI and the console follow from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Literal

SIDES = ("court", "procuratorate", "office", "discipline")
HUB = "hub"  #: all workers, the ticker among them
OPERATOR = "operator"
PRINCIPALS = (*SIDES, HUB, OPERATOR)

CASE_EVENTS = "case.events"
CASE_STATE = "case.state"
FLAGS = "deadlines.flags"
LEADS = "supervision.leads"
PROGRESS = "progress"
RULES = "rules"
SKIPS = "skips"
HOLDS = "holds"
DIGESTS = "digests"
PATTERNS = "patterns"
AUDIT = "audit"

FOR_EVER = -1
#: Above the largest event: ledger copies and dead letters carry headers of ours on top.
MAX_MESSAGE_BYTES = 2 * 1024 * 1024
UNREADABLE = "fajian_unreadable"  #: header of a record whose content could not be unpacked, and why


@dataclass(frozen=True)
class Topic:
    """One topic: how it is kept, and who may write and read it. Nobody else may."""

    name: str
    partitions: Literal["ledger"] | int  #: "ledger": as many as the ledger has
    cleanup: Literal["delete", "compact"]
    retention_ms: int
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    zh: str
    en: str
    max_message_bytes: int = MAX_MESSAGE_BYTES

    def partition_count(self, ledger: int) -> int:
        return ledger if self.partitions == "ledger" else self.partitions


def inbox(side: str) -> str:
    return f"{side}.inbox"


def receipts(side: str) -> str:
    return f"{side}.receipts"


def dead(side: str) -> str:
    return f"{side}.dead"


def feed(side: str) -> str:
    return f"{side}.feed"


def side_of(topic: str) -> str:
    """Return the side whose topic this is: `court` for `court.inbox`."""
    return topic.partition(".")[0]


def _days(count: int) -> int:
    return timedelta(days=count) // timedelta(milliseconds=1)


def _of_side(side: str) -> tuple[Topic, ...]:
    return (
        Topic(
            inbox(side), "ledger", "delete", _days(30), (side,), (HUB,),
            "收件：该方提交的事件原文", "CloudEvents as this side submitted them",
        ),
        Topic(
            receipts(side), "ledger", "delete", _days(30), (HUB,), (side,),
            "回执：受理、拒绝、入账、重复、冲突", "what became of each submitted event",
        ),
        Topic(
            dead(side), "ledger", "delete", _days(400), (HUB,), (side,),
            "死信：被拒收的原始字节及原因，只由提交方修复",
            "refused bytes with their reasons; only the submitter repairs",
        ),
        Topic(
            feed(side), "ledger", "delete", _days(400), (HUB,), (side,),
            "推送：该方可见的事件、提示、预警和线索",
            "events, reminders, alerts and leads that this side may see",
        ),
    )  # fmt: skip


def _shared() -> tuple[Topic, ...]:
    return (
        Topic(
            CASE_EVENTS, "ledger", "delete", FOR_EVER, (HUB,), (HUB,),
            "总账：按主体排列的全部事件和时钟，只增不改",
            "the ledger: all facts and ticks by subject, append-only",
        ),
        Topic(
            CASE_STATE, "ledger", "compact", FOR_EVER, (HUB,), ("court", "procuratorate", "office", HUB),
            "双方共见的案件状态", "what both sides may know of each subject",
        ),
        Topic(
            FLAGS, "ledger", "delete", _days(400), (HUB,), (HUB,),
            "期限提示和预警", "reminders and alarms on duties with a time",
        ),
        Topic(
            LEADS, "ledger", "delete", _days(400), (HUB,), (HUB,),
            "监督线索（未经核实）", "unverified supervision leads with their evidence",
        ),
        Topic(
            PROGRESS, 1, "compact", FOR_EVER, (HUB,), (HUB, OPERATOR),
            "各处理程序的进度", "how far each agent's outputs are acknowledged, by topic and partition",
        ),
        Topic(
            RULES, 1, "compact", FOR_EVER, (OPERATOR,), PRINCIPALS,
            "规则版本：法律、日历、政策", "rules versions: law, calendar and policy",
        ),
        Topic(
            SKIPS, 1, "compact", FOR_EVER, (OPERATOR,), (HUB, OPERATOR),
            "经两人具名后跳过的记录", "records that the fold passes over, each with its reason and two names",
        ),
        Topic(
            HOLDS, 1, "compact", FOR_EVER, (HUB, OPERATOR), (HUB, OPERATOR),
            "被扣下的提示及双人决定", "floods of flags that wait, and the votes of those who decide on them",
        ),
        Topic(
            DIGESTS, 1, "compact", FOR_EVER, (HUB,), (HUB,),
            "各方状态摘要，按分区和日期汇集比对", "digests of the shared state, brought together",
        ),
        Topic(
            PATTERNS, 1, "delete", FOR_EVER, (HUB,), (HUB,),
            "跨案规律的素材：线索、执行依据、一日终了", "what patterns are made of",
        ),
        Topic(
            AUDIT, 1, "delete", FOR_EVER, (HUB, OPERATOR), (OPERATOR,),
            "审计：谁看了什么、做了什么", "who read or did what",
        ),
    )  # fmt: skip


TOPICS: Mapping[str, Topic] = MappingProxyType(
    {topic.name: topic for topic in (*(topic for side in SIDES for topic in _of_side(side)), *_shared())}
)
