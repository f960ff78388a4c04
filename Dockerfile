# The workers and connectors of Fajian. Kafka and PostgreSQL have images of their own.
# The first image has a C compiler and makes the wheel with the compiled core, the second one runs it.
FROM python:3.11 AS wheel

ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 HATCH_BUILD_HOOK_ENABLE_MYPYC=true
WORKDIR /src

COPY requirements-dev.lock ./
RUN pip install --no-deps --require-hashes -r requirements-dev.lock

COPY pyproject.toml README.md ./
COPY agents agents
COPY schemas schemas
COPY connectors connectors
COPY fajian fajian
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /dist .

FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /app

COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock

COPY --from=wheel /dist /dist
RUN pip install --no-deps /dist/*.whl \
    && useradd --system --home-dir /var/lib/fajian --create-home fajian

USER fajian
ENV FAJIAN_DATA_DIR=/var/lib/fajian
VOLUME /var/lib/fajian
ENTRYPOINT ["fajian"]
