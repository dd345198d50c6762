"""What is sent and answered about webhook endpoints and deliveries."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from service.events.schemas import POSITION, sequence
from service.fields import Flag, Line, Moment, Strict, one_of
from service.ports.schemas.places import unsaid
from service.webhooks import rules
from service.webhooks.queries.deliveries import Filters, Logged

STATES = ("waiting", "delivered", "dropped")
ERRORS = (
    "status", "gone", "redirected", "timed-out", "connection-failed", "certificate-refused", "address-refused",
)  # fmt: skip

_URL, _TYPES, _DESK = ["https://example.com/slotway"], [["booking.*", "closure.made"]], ["berthing desk"]
_ENDPOINT, _EVENT = ["whe_01kb3v7x9ef6wvq0m8y3k2n5ra"], ["evt_01kb3v7x9ef6wvq0m8y3k2n5ra"]

Url = Annotated[
    str,
    StringConstraints(min_length=9, max_length=2000),
    Field(examples=_URL, description="https, of a host on the public internet"),
]
EventTypes = Annotated[
    list[Annotated[str, StringConstraints(max_length=80)]],
    Field(min_length=1, max_length=50, examples=_TYPES),
    Field(description="types, groups such as `booking.*`, or `*` for all, those to come included"),
    AfterValidator(lambda several: list(dict.fromkeys(several))),
]
Sequence = Annotated[str, StringConstraints(pattern=POSITION), Field(examples=["0000000000000042"])]
Id = Annotated[str, StringConstraints(max_length=64)]


class NewEndpoint(Strict):
    """A webhook endpoint to make."""

    url: Url
    event_types: EventTypes
    description: Line | None = Field(None, examples=_DESK)
    enabled: Flag = True


class EndpointChange(Strict):
    """What shall be different about a webhook endpoint. What is left out stays."""

    url: Url = Field(default_factory=unsaid)
    event_types: EventTypes = Field(default_factory=unsaid)
    description: Line | None = Field(default_factory=unsaid, examples=_DESK)
    enabled: Flag = Field(
        default_factory=unsaid, description="true: go on where it stopped, and try at once what waits"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_to_change", "A change says what shall be different")
        return self


class Range(Strict):
    """A part of the feed: what comes after one `sequence`, up to another, that included."""

    after: Sequence
    until: Sequence | None = Field(
        None, examples=["0000000000000099"], description="left out: all that the endpoint has been sent so far"
    )

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.until is not None and int(self.until) < int(self.after):
            raise PydanticCustomError("range_backwards", "A range ends at `until`, which is not before `after`")
        return self


class Endpoint(BaseModel):
    """A webhook endpoint, without its secret."""

    id: str = Field(examples=_ENDPOINT)
    url: str = Field(examples=_URL)
    event_types: list[str] = Field(examples=_TYPES)
    description: str | None = Field(examples=_DESK)
    enabled: bool
    disabled_because: str | None = Field(examples=[None, "owner", "gone", "failing"])
    former_secret_until: datetime | None = Field(
        examples=[None, "2026-11-25T09:15:00Z"], description="until then the secret before this one signs, too"
    )
    version: int = Field(description="its ETag")
    created_at: datetime

    @classmethod
    def of(cls, endpoint: rules.Endpoint) -> Self:
        """Give an endpoint as it is answered."""
        return cls(
            id=endpoint.id,
            url=endpoint.url,
            event_types=list(endpoint.event_types),
            description=endpoint.description,
            enabled=endpoint.enabled,
            disabled_because=endpoint.disabled_because,
            former_secret_until=endpoint.former_until,
            version=endpoint.version,
            created_at=endpoint.created_at,
        )


class EndpointWithSecret(Endpoint):
    """A webhook endpoint with its new secret: this is the only time that it is shown."""

    secret: str = Field(description="verify signatures with it; it is never shown again", examples=["whsec_..."])

    @classmethod
    def shown(cls, endpoint: rules.Endpoint, secret: bytes) -> Self:
        """Give an endpoint with its new secret."""
        return cls(**Endpoint.of(endpoint).model_dump(), secret=rules.secret_text(secret))


class Ping(BaseModel):
    """An event `webhook.ping` on its way, behind all that waits for this webhook endpoint."""

    endpoint: str = Field(examples=_ENDPOINT)


class Attempt(BaseModel):
    """One attempt to deliver. `error` is null if the receiver answered with a 2xx."""

    at: datetime
    status_code: int | None = Field(examples=[500])
    duration_ms: int = Field(examples=[12])
    error: str | None = Field(examples=list(ERRORS))
    answer: str | None = Field(examples=["out of order"], description="the first KiB of what the receiver answered")


class Delivery(BaseModel):
    """An event on its way to a webhook endpoint, or there."""

    id: str = Field(examples=["whd_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    event: str = Field(examples=_EVENT, description="the event's id, sent as `webhook-id`")
    type: str = Field(examples=["booking.confirmed"])
    sequence: str = Field(examples=["0000000000000042"])
    why: str = Field(examples=["event", "resend", "replay"])
    state: str = Field(examples=list(STATES))
    next_at: datetime | None = Field(
        examples=["2026-11-24T09:20:00Z"], description="when it is tried next, at the earliest"
    )
    created_at: datetime
    ended_at: datetime | None
    attempts: list[Attempt] = Field(description="the last 20, in order")

    @classmethod
    def of(cls, row: Logged) -> Self:
        """Give a delivery as it is answered."""
        return cls(
            id=row.id,
            event=row.event,
            type=row.type,
            sequence=sequence(row.position),
            why=row.why,
            state=row.state,
            next_at=row.next_at,
            created_at=row.created_at,
            ended_at=row.ended_at,
            attempts=[Attempt.model_validate(each) for each in row.attempts],
        )


class DeliveryQuery(BaseModel):
    """What a list of deliveries is narrowed to. All that is given must hold."""

    model_config = ConfigDict(frozen=True)

    state: Annotated[str, one_of(*STATES)] | None = Field(None, description=f"one of {', '.join(STATES)}")
    event: Id | None = Field(None, examples=_EVENT, description="id of the event")
    type: Line | None = Field(None, examples=["booking.confirmed"], description="type of the event")
    from_: Moment | None = Field(None, alias="from", description="put up then or later")
    to: Moment | None = Field(None, description="put up before")

    def filters(self) -> Filters:
        """Give it as the deliveries are looked for."""
        return Filters(self.state, self.event, self.type, self.from_, self.to)


class Replay(BaseModel):
    """What is delivered again. If `next` is not null there is more: ask again with `after` set to it."""

    endpoint: str = Field(examples=_ENDPOINT)
    after: str = Field(examples=["0000000000000042"])
    until: str = Field(examples=["0000000000000099"])
    deliveries: int = Field(examples=[12])
    next: str | None = Field(examples=[None, "0000000000000071"])


def plain(model: BaseModel) -> dict[str, Any]:
    """Give a model ready for JSON, as the event of its change keeps it."""
    return model.model_dump(mode="json")
