"""What the service's OpenAPI document promises, made once: making it takes as long as many a test."""

from functools import cache
from typing import Any

from service.app import create_app
from service.settings import Settings


@cache
def document() -> dict[str, Any]:
    """Give the document; nobody changes it."""
    return create_app(Settings.model_validate({"DATABASE_URL": "postgresql:///nowhere"})).openapi()
