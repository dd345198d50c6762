"""What is sent and answered about organisations and keys."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from service.accounts import rules
from service.auth import Role
from service.fields import Line, Moment, Strict, Whole

Scope = Annotated[str, Field(max_length=40, examples=["bookings:read"])]
FacilityCode = Annotated[str, Field(max_length=40, pattern=r"^[A-Z0-9-]+$", examples=["PKGWD-GMT"])]


class NewOrganisation(Strict):
    """An organisation to make."""

    name: Line = Field(examples=["Steppe Forwarding"])
    role: Role
    rate_per_s: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="requests a second and lane; null or left out: no limit"
    )
    facilities: list[FacilityCode] = Field(
        default=[], max_length=200, description="terminals and free zones that an operator acts on"
    )


class NewMandate(Strict):
    """Facilities that an operator acts on from now on, beside those it has."""

    facilities: list[FacilityCode] = Field(min_length=1, max_length=200)


class NewOwnKey(Strict):
    """A key to make for one's own organisation."""

    name: Line = Field(description="what the key is for, to tell it from others", examples=["night shift"])
    scopes: list[Scope] | None = Field(None, max_length=40, description="left out: all that can be granted")
    expires_at: Moment | None = Field(None, description="left out: no end")


class NewKey(NewOwnKey):
    """A key to make for an organisation."""

    organisation_id: Annotated[str, Field(max_length=64, examples=["org_01kb3v7x9ef6wvq0m8y3k2n5ra"])]


class Organisation(BaseModel):
    """An organisation."""

    id: str = Field(examples=["org_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    name: str = Field(examples=["Steppe Forwarding"])
    role: str = Field(examples=["forwarder", "operator", "customs", "admin"])
    rate_per_s: int | None
    created_at: datetime
    facilities: list[str]

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, organisation: rules.Organisation) -> Self:
        """Give an organisation as it is answered."""
        return cls.model_validate(organisation)


class Key(BaseModel):
    """A key, without its secret. `hint` is the end of its text."""

    id: str = Field(examples=["key_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    organisation_id: str
    name: str = Field(examples=["night shift"])
    hint: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="to within some seconds")

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, key: rules.Key) -> Self:
        """Give a key as it is answered."""
        return cls.model_validate(key)


class FreshKey(Key):
    """A key just made, with its text: this is the only time that it is shown."""

    key: str = Field(description="send it as `Authorization: Bearer ...`; it is never shown again")

    @classmethod
    def shown(cls, key: rules.Key, text: str) -> Self:
        """Give a new key with its text."""
        return cls.model_validate({**Key.of(key).model_dump(), "key": text})
