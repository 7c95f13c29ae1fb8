#!/usr/bin/env python3
"""The container's health check: ends with 0 when `/livez` answers 200 on the address of SENTINEL_HTTP_BIND.

Liveness on purpose: a Portal or a Slack that is down must not get the container restarted; `/healthz` tells of those.
"""

import http.client
import os
import sys

SECONDS = 4.0
ANYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where to ask, not where to listen


def is_alive(bind: str) -> bool:
    """Whether the endpoint answers; with the endpoint switched off there is nothing to ask, and that is well."""
    if bind.strip().lower() == "off":
        return True
    host, _, port = bind.strip().rpartition(":")
    host = host.strip("[]")
    connection = http.client.HTTPConnection(ANYWHERE.get(host, host), int(port), timeout=SECONDS)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_alive(os.environ.get("SENTINEL_HTTP_BIND", "127.0.0.1:8080")) else 1)
