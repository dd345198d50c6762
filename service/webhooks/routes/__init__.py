"""What is asked about webhooks over HTTP."""

from fastapi import APIRouter

from service.webhooks.routes import deliveries, endpoints

router = APIRouter()
router.include_router(endpoints.router)
router.include_router(deliveries.router)
