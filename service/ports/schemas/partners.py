"""What is sent and answered about partner groups."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from service.fields import Line, Strict
from service.ports.queries.partners import Group
from service.ports.schemas.notices import Code
from service.ports.schemas.places import unsaid

MOST = 200
OrganisationId = Annotated[Line, Field(examples=["org_01kb3v7x9ef6wvq0m8y3k2n5ra"])]
Organisations = Annotated[
    list[OrganisationId],
    Field(max_length=MOST, description="forwarders, by the id of their organisation"),
    AfterValidator(lambda several: list(dict.fromkeys(several))),
]


class NewPartnerGroup(Strict):
    """A group of forwarders for whom a terminal or a free zone keeps capacity."""

    facility: Code = Field(examples=["PKGWD-FZS"])
    name: Line = Field(examples=["Kazakh transit"])
    organisations: Organisations


class PartnerGroupChange(Strict):
    """What shall be different about a group. What is left out stays."""

    name: Line = Field(default_factory=unsaid, examples=["Kazakh transit"])
    organisations: Organisations = Field(default_factory=unsaid)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_to_change", "A change says what shall be different")
        return self


class PartnerGroup(BaseModel):
    """A group of forwarders for whom capacity is kept."""

    id: str = Field(examples=["pgr_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    facility: str
    name: str = Field(examples=["Kazakh transit"])
    organisations: list[str] = Field(description="to a member: itself alone")
    version: int = Field(description="its ETag")

    @classmethod
    def of(cls, group: Group) -> Self:
        """Give a group as it is answered."""
        return cls(
            id=group.id,
            facility=group.facility,
            name=group.name,
            organisations=list(group.organisations),
            version=group.version,
        )
