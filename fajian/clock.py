"""The wall clock: the only module that reads it. The core is given instants and days as arguments."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return the present instant, in the time of Shanghai, whose days the law counts."""
    return datetime.now(tz=SHANGHAI)


def now_ms() -> int:
    """Return the present instant as Kafka writes it: milliseconds since 1970."""
    return time.time_ns() // 1_000_000
