"""The REST face of ports, by what it is about."""

from fastapi import APIRouter

from service.ports.routes import catalogue, facilities, keeping, notices, partners, places, tides

router = APIRouter()
for part in (catalogue, facilities, notices, places, tides, partners, keeping):
    router.include_router(part.router)
