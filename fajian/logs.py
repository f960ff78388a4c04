"""Logging of our processes: JSON lines on standard error, events with fields and without case contents."""

import logging
import sys
from collections.abc import Callable
from time import monotonic

import structlog

from fajian.settings import Settings

#: libraries that tell their whole life at INFO
TALKATIVE = ("aiokafka", "aiohttp.access", "alembic", "faust", "mode", "uvicorn")

REPEATED_AFTER_SECONDS = 30.0  #: aiokafka says some thousand times a second that a broker is away

MOST_KINDS = 1000  #: of messages that are remembered


class Sparing(logging.Filter):
    """Lets each message of aiokafka through once in a while, and says how many were left out."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("aiokafka"):
            return True
        kind, now = (record.name, str(record.msg)), self._clock()
        told_at, left_out = self._told.get(kind, (-REPEATED_AFTER_SECONDS, 0))
        if now - told_at < REPEATED_AFTER_SECONDS:
            self._told[kind] = (told_at, left_out + 1)
            return False
        if len(self._told) >= MOST_KINDS:
            self._told.clear()
        self._told[kind] = (now, 0)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} (and {left_out} more like it)", None
        return True


def configure_logging(settings: Settings) -> None:
    """Send our log and the libraries' to standard error, in the format of *settings*."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last(settings.log_format))
    )
    handler.addFilter(Sparing())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))


def _last(log_format: str) -> list[structlog.typing.Processor]:
    clean = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if log_format == "text":
        return [clean, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [
        clean,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
