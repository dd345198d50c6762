"""What is asked of the log of events over HTTP."""

from fastapi import APIRouter

from service.events.routes import feed, stream

router = APIRouter()
router.include_router(feed.router)
router.include_router(stream.router)
