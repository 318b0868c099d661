"""One line per event. Only what is passed as key and value is logged; request bodies and query strings never are."""

import logging
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_DETAIL = re.compile(r"DETAIL:.*")


def plain(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """``message key=value …``: for a terminal where a supervisor already writes time and program in front."""
    level = event.pop("level", "info")
    for known in ("timestamp", "logger"):
        event.pop(known, None)
    exception = event.pop("exception", None)
    message = " ".join([str(event.pop("event")), *(f"{key}={value}" for key, value in event.items())])
    first = message if level in {"debug", "info"} else f"{level}: {message}"
    return f"{first}\n{exception}" if exception else first


def without_rows(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Takes PostgreSQL's DETAIL out of a traceback: it repeats the row, and rows have names in them."""
    if "exception" in event:
        event["exception"] = _DETAIL.sub("DETAIL left out", str(event["exception"]))
    return event


def configure(options: dict[str, Any]) -> None:
    """Sends structlog's and the standard library's events to standard error.

    ``options``: ``level``, and ``plain`` for the terminal form instead of logfmt.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logfmt = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                without_rows,
                plain if options["plain"] else logfmt,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(options["level"])
