"""What a worker says of itself over HTTP: `/healthz`, `/readyz`, `/metrics`, on Faust's own web port."""

from typing import Any

import faust
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from fajian.streams.host import Host

RED = 503


def add_pages(app: faust.App, host: Host) -> None:
    """Serve the pages of *host*. Red: records wait and nothing moves, or a partition has stopped."""

    @app.page("/healthz")
    async def healthz(web: Any, _request: Any) -> Any:
        problems = host.problems()
        return web.json({"healthy": not problems, "problems": problems}, status=RED if problems else 200)

    @app.page("/readyz")
    async def readyz(web: Any, _request: Any) -> Any:
        problems = host.problems()
        ready = host.is_ready and not problems
        return web.json({"ready": ready, "problems": problems}, status=200 if ready else RED)

    @app.page("/metrics")
    async def metrics(web: Any, _request: Any) -> Any:
        return web.bytes(
            generate_latest(host.metrics.registry), content_type=CONTENT_TYPE_LATEST.split(";")[0]
        )
