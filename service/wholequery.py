"""A whole query string as one model, read once however often it is asked.

FastAPI takes a model for a query too, and puts it together anew from its parts at each request, which costs more than
the search that it asks for. Here equal query strings give the same frozen model from memory.
"""

from functools import lru_cache
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from service.intake import repeats

M = TypeVar("M", bound=BaseModel)
REMEMBERED = 2_000


class WholeQuery(Generic[M]):
    """The dependency that gives a query as a frozen model; `query_names` tells StrictRoute what there is to ask."""

    def __init__(self, model: type[M]) -> None:
        self.query_names = {each.alias or name: repeats(each.annotation) for name, each in model.model_fields.items()}
        self._model = model
        self._read = lru_cache(maxsize=REMEMBERED)(self._read_anew)

    async def __call__(self, request: Request) -> M:
        """Give the query of a request, or refuse it with all that is wrong."""
        return self._read(request.scope["query_string"])

    def _read_anew(self, query_string: bytes) -> M:
        said: dict[str, Any] = {}
        for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
            if self.query_names.get(name):
                said.setdefault(name, []).append(value)
            else:
                said[name] = value
        try:
            return self._model.model_validate(said)
        except ValidationError as error:
            raise RequestValidationError([each | {"loc": ("query", *each["loc"])} for each in error.errors()]) from None


def whole_query(model: type[BaseModel]) -> Any:
    """Give the marker for a parameter that takes the whole query as a model, as in `capacity/routes/slots.py`."""
    return Depends(WholeQuery(model))


def parameters(model: type[BaseModel]) -> dict[str, Any]:
    """Give the `openapi_extra` of a route that takes the whole query as this model."""
    schema = model.model_json_schema()
    required = set(schema.get("required", ()))
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": name in required,
                "description": described.pop("description", ""),
                "schema": described,
            }
            for name, described in schema["properties"].items()
        ]
    }
