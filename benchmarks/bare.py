"""A bare route: what the framework costs by itself."""

import os
from pathlib import Path

from fastapi import FastAPI, Response

app = FastAPI()
BODY = Path(os.environ["BARE"]).read_bytes()


@app.get("/")
async def bare() -> Response:
    return Response(BODY, media_type="application/json")
