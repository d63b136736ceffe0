# syntax=docker/dockerfile:1
# The image of web, worker, beat and migrate; `--target backup` adds PostgreSQL's client programs for the backups.
# Nothing secret is needed to build it, and nothing secret is in it.
ARG PYTHON=3.13-slim-trixie

FROM python:${PYTHON} AS build
WORKDIR /app
RUN python -m venv .venv
COPY requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    .venv/bin/pip install --disable-pip-version-check --no-input --require-hashes -r requirements.lock
COPY . .
RUN .venv/bin/python manage.py messages compile \
    && STATIC_ROOT=/app/static-built .venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && .venv/bin/python -m compileall -q -j 0 .

FROM python:${PYTHON} AS app
# A fixed number, so that volumes keep their owner from one image to the next.
RUN groupadd --gid 10001 salesops \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin salesops \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/salesops
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BIND=0.0.0.0:8000 \
    STATIC_ROOT=/app/static-built \
    VAR_DIR=/var/lib/salesops
USER 10001:10001

FROM app AS backup
USER root
# The client's version must be that of the server in docker-compose.yml, or newer.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=10001 --group=10001 --mode=0700 /backups
ENV BACKUP_DIR=/backups
USER 10001:10001
CMD ["python", "-m", "tools", "backup", "--nightly"]

# The last one is what `docker build .` makes.
FROM app AS web
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["python", "deploy/probe.py", "web"]
CMD ["gunicorn", "salesops.wsgi"]
