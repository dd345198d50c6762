"""The time of day, read here and nowhere else; the database judges expiry by its own clock."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def now() -> datetime:
    """Give the moment, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  the one place that may


def instant(at: datetime) -> int:
    """Give a moment as whole microseconds since the Unix epoch, the engine's unit of time."""
    return (at - EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    """Give the engine's microseconds as a moment in UTC."""
    return EPOCH + timedelta(microseconds=at)


def duration(length: timedelta) -> int:
    """Give a duration as whole microseconds."""
    return length // _MICROSECOND


def span(microseconds: int) -> timedelta:
    """Give the engine's microseconds as a duration."""
    return timedelta(microseconds=microseconds)


def utc(at: datetime) -> str:
    """Give a moment as RFC 3339 in UTC, with `Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
