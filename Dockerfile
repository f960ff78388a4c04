# The workers and connectors of Fajian. Kafka and PostgreSQL have images of their own.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /app

COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock

COPY pyproject.toml README.md ./
COPY agents agents
COPY schemas schemas
COPY connectors connectors
COPY fajian fajian
RUN pip install --no-deps --no-build-isolation . \
    && useradd --system --home-dir /var/lib/fajian --create-home fajian

USER fajian
ENV FAJIAN_DATA_DIR=/var/lib/fajian
VOLUME /var/lib/fajian
ENTRYPOINT ["fajian"]
