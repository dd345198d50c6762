"""Logs as one JSON object a line, with the request's id in every line and no secret in any.

`configure` is for the programs (`__main__`), once, before anything is logged; libraries' logs come out the same way.
"""

import logging
import re
import sys
from typing import Any

import structlog

_SECRET = re.compile(
    r"psk_(?:test|live)_[\w-]+"  # our API keys
    r"|whsec_[\w+/=-]+"  # webhook secrets
    r"|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # JSON web tokens
    r"|(?<=Bearer )[^\s\"\\]+"
    r"|(?<=Basic )[^\s\"\\]+"
    r"|(?<=://)[^\s/@\"\\]+:[^\s/@\"\\]+(?=@)"  # user:password in an address
)
_NAMED = re.compile(
    r'("(?:authorization|cookie|password|(?:client_)?secret|api_key|(?:access_)?token|idempotency[_-]key)": *)'
    r'"(?:[^"\\]|\\.)*"',
    re.IGNORECASE,
)


def redact(_logger: object, _method: str, line: str | bytes) -> str:
    """Give the rendered line without anything that looks like a secret: the net under code that should not log one."""
    text = line.decode() if isinstance(line, bytes) else line
    return _NAMED.sub(r'\1"[redacted]"', _SECRET.sub("[redacted]", text))


def configure(level: str = "info") -> None:
    """Set up logging for this process: structlog and the standard library alike, JSON lines on standard output."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    render: list[Any] = [structlog.processors.JSONRenderer(default=str, ensure_ascii=False), redact]
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared[:3], structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, shared[3], *render],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.INFO), force=True)
    logging.getLogger("uvicorn.access").disabled = True  # telemetry.py writes the line of a request
