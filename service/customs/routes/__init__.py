"""The REST face of customs, by what it is about."""

from fastapi import APIRouter

from service.customs.routes import batches, bookings, events, messages, movements, references

router = APIRouter()
for part in (events, batches, movements, bookings, messages, references):
    router.include_router(part.router)
