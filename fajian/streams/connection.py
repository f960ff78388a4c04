"""How the hub's clients reach Kafka: one `Settings`, three libraries."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import faust
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException
from faust.types.auth import AuthProtocol

from fajian.errors import ClusterAwayError
from fajian.settings import Settings
from fajian.streams import unpacking

unpacking.install()  # before any client of this process fetches


@contextmanager
def translated(settings: Settings) -> Iterator[None]:
    """Turn the libraries' errors, and a wait that took too long, into `ClusterAwayError`."""
    try:
        yield
    except (KafkaError, KafkaException, TimeoutError) as error:
        where, what = settings.bootstrap_servers, f"{type(error).__name__} {error}".strip()
        raise ClusterAwayError(f"Kafka at {where} does not answer as asked: {what}") from error


def aiokafka_options(settings: Settings, *, client_id: str) -> dict[str, Any]:
    """Return the keyword arguments that aiokafka's clients share."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "client_id": client_id,
        "security_protocol": settings.security_protocol,
    }
    if _wants_sasl(settings):
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": _password(settings),
        }
    if _wants_tls(settings):
        options["ssl_context"] = _ssl_context(settings)
    return options


def confluent_options(settings: Settings) -> dict[str, Any]:
    """Return the configuration of a confluent-kafka client (administration only)."""
    options: dict[str, Any] = {
        "bootstrap.servers": settings.bootstrap_servers,
        "security.protocol": settings.security_protocol,
        "log_level": 0,  # what goes wrong comes back as an error, not on standard error
    }
    if _wants_sasl(settings):
        options |= {
            "sasl.mechanism": settings.sasl_mechanism,
            "sasl.username": settings.sasl_username,
            "sasl.password": _password(settings),
        }
    files = {
        "ssl.ca.location": settings.ssl_cafile,
        "ssl.certificate.location": settings.ssl_certfile,
        "ssl.key.location": settings.ssl_keyfile,
    }
    return options | {key: str(path) for key, path in files.items() if path is not None}


def faust_credentials(settings: Settings) -> Any:
    """Return Faust's credentials object; None for a cluster without any."""
    context = _ssl_context(settings) if _wants_tls(settings) else None
    if _wants_sasl(settings):
        credentials = faust.SASLCredentials(
            username=settings.sasl_username,
            password=_password(settings),
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
        credentials.protocol = AuthProtocol(settings.security_protocol)
        return credentials
    return faust.SSLCredentials(context=context) if context else None


def _wants_sasl(settings: Settings) -> bool:
    return settings.security_protocol.startswith("SASL")


def _wants_tls(settings: Settings) -> bool:
    return settings.security_protocol.endswith("SSL")


def _password(settings: Settings) -> str:
    return settings.sasl_password.get_secret_value() if settings.sasl_password else ""


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ssl_cafile)
    if settings.ssl_certfile:
        context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile)
    return context
