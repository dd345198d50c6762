"""The REST face of the search: slots, itineraries, and one wished slot explained."""

from fastapi import APIRouter

from service.capacity.routes import explain, itineraries, slots

router = APIRouter()
for part in (slots, explain, itineraries):
    router.include_router(part.router)
