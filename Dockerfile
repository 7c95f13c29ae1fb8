# Sentinel in a container: non-root, writes only /data and /tmp, configured by SENTINEL_* and one mounted rules.toml.
#   docker build -t sentinel .
#   docker run --read-only --tmpfs /tmp -v sentinel:/data -v ./rules.toml:/config/rules.toml:ro sentinel

FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# The dependencies change less often than the code: they have a layer of their own.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv --without-pip /opt/sentinel \
 && pip --python /opt/sentinel/bin/python install --require-hashes -r requirements.lock \
 && pip install --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY alembic alembic
COPY sentinel sentinel
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
 && pip --python /opt/sentinel/bin/python install --no-deps --no-index --compile /dist/*.whl

FROM python:3.12-slim-bookworm AS run
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sentinel" \
      org.opencontainers.image.description="Tells people once when a service degrades, and once that it recovered" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN groupadd --gid 10001 sentinel \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin sentinel \
 && install -d -o 10001 -g 10001 -m 0750 /data
COPY --from=build /opt/sentinel /opt/sentinel
COPY scripts/container_health.py /opt/sentinel/bin/container_health.py
ENV PATH=/opt/sentinel/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SENTINEL_RULES=/config/rules.toml \
    SENTINEL_DATABASE_URL=sqlite:////data/sentinel.db \
    SENTINEL_HTTP_BIND=127.0.0.1:8080 \
    SENTINEL_LOG_FORMAT=json
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
# Health and metrics are for the container itself; to publish them set SENTINEL_HTTP_BIND=0.0.0.0:8080 and SENTINEL_API_TOKENS.
EXPOSE 8080
# `sentinel` is process 1 and handles SIGTERM itself: it finishes the tick at hand and ends within ten seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/opt/sentinel/bin/container_health.py"]
ENTRYPOINT ["sentinel"]
CMD ["run"]
