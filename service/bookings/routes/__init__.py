"""The REST face of bookings, by what is done."""

from fastapi import APIRouter

from service.bookings.routes import amending, approval, ground, life, lists, making

router = APIRouter()
for part in (making, amending, life, approval, ground, lists):
    router.include_router(part.router)
