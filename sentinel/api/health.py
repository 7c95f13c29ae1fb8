"""`/livez` (the loop turns), `/readyz` (the store answers), `/healthz` (all of it), `/metrics`."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sentinel.engine.figures import REGISTRY
from sentinel.engine.health import Check, Health


def health_app(health: Health) -> Starlette:
    """The endpoints over one instance's health. Answers are 200, or 503 with what is wrong."""

    async def livez(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        return _report(await health.ready(), trusted=request.state.trusted)

    async def healthz(request: Request) -> Response:
        return _report(await health.whole(), trusted=request.state.trusted)

    async def metrics(_: Request) -> Response:
        await health.whole()
        health.measure()
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/healthz", healthz),
            Route("/metrics", metrics),
        ]
    )


def _report(checks: list[Check], *, trusted: bool) -> Response:
    """The status, and for those who may know it (see `gate`) what it rests on."""
    good = all(check.good for check in checks)
    body: dict[str, object] = {"status": "ok" if good else "failing"}
    if trusted:
        body["checks"] = [{"name": check.name, "ok": check.good, "text": check.text} for check in checks]
    return JSONResponse(body, status_code=200 if good else 503)
