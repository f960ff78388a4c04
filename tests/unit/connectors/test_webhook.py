"""The webhook: signatures as the library reads them, addresses that it must not reach, awkward receivers."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.responses import Response, StreamingResponse

from connectors.signatures import KEY_PREFIX, asymmetric_key, public_key, public_key_of
from connectors.sink_config import WebhookSink
from connectors.sinks.guard import judge, resolve
from connectors.sinks.ladder import Outcome
from connectors.sinks.queue import Message
from connectors.sinks.webhook import WebhookCarrier
from fajian.clock import now
from tests.certificates import Authority
from tests.webhook_receiver import INSIDE, SECRET, Got, always, receiver

OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of 32 bytes in all").decode()
KEY = KEY_PREFIX + base64.b64encode(bytes(range(32))).decode()
MESSAGE = Message(1, "m-1", "（2022）皖1324执123号", '{"id":"e-1","data":{"说明":"中"}}'.encode(), 0, 0)

MESSAGE_EVENT = {"id": "e-1", "data": {"说明": "中"}}


def sink(url: str, **settings: Any) -> WebhookSink:
    base = {"kind": "webhook", "name": "hook", "url": url, "secret": SECRET, "inside": INSIDE}
    return WebhookSink.model_validate({**base, **settings})


async def send(url: str, *, resolver: Any = resolve, at: datetime | None = None, **settings: Any) -> Outcome:
    carrier = WebhookCarrier(sink(url, **settings), resolver=resolver)
    try:
        return await carrier.send(MESSAGE, now=at or now())
    finally:
        await carrier.close()


async def test_a_receiver_with_the_standard_library_believes_the_message() -> None:
    async with receiver() as hook:
        outcome = await send(hook.url)
    [got] = hook.got

    assert outcome == Outcome(True, status=204)
    assert Webhook(SECRET).verify(got.body, dict(got.headers)) == MESSAGE_EVENT
    assert (got.id, got.headers["content-type"]) == ("m-1", "application/cloudevents+json")


async def test_while_secrets_change_over_both_are_believed_and_no_third_one() -> None:
    async with receiver() as hook:
        await send(hook.url, previous_secret=OTHER_SECRET)
    [got] = hook.got

    for secret in (SECRET, OTHER_SECRET):
        assert Webhook(secret).verify(got.body, dict(got.headers)) == MESSAGE_EVENT
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(bytes(32)).decode()).verify(got.body, dict(got.headers))


async def test_the_asymmetric_signature_is_believed_by_who_has_the_public_key_and_covers_all() -> None:
    async with receiver() as hook:
        await send(hook.url, secret=None, signing_key=KEY)
    [got] = hook.got
    public = public_key(public_key_of(asymmetric_key(KEY)))
    version, _, signature = got.headers["webhook-signature"].partition(",")
    signed = f"{got.id}.{got.headers['webhook-timestamp']}.".encode() + got.body

    public.verify(base64.b64decode(signature), signed)
    assert version == "v1a"
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(signature), signed + b" ")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe",  # IPv4 in IPv6
        "::7f00:1",  # as it was once written
        "fec0::1", "feff::1",  # the inside networks of IPv6 before fc00::/7
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",  # through a translator
        "::ffff:0:7f00:1", "::ffff:0:a9fe:a9fe",
        "64:ff9b:1::808:808", "64:ff9b:1:7f00:0:100::", "64:ff9b:1:7f00:0:100:808:808",  # of the house
        "2002:7f00:1::", "2002:a00:1::1",  # 6to4
        "2001:0:7f00:1::",  # Teredo
    ],
)  # fmt: skip
def test_addresses_inside_are_refused(address: str) -> None:
    assert judge(address, ()) is not None


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808", "::ffff:0:808:808"],
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert judge(address, ()) is None


def test_an_inside_network_is_allowed_where_its_table_names_it_and_no_other() -> None:
    inside = [ip_network("10.20.0.0/16")]

    assert judge("10.20.1.2", inside) is None
    assert judge("::ffff:10.20.1.2", inside) is None
    assert judge("10.21.1.2", inside) is not None


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("fec0::/10", "fec0::1"),
        ("64:ff9b:1::/48", "64:ff9b:1:7f00:0:100::"),
        ("10.0.0.0/8", "::ffff:0:a14:102"),
    ],
)
def test_an_address_that_is_not_public_is_allowed_in_the_network_that_the_table_names(
    network: str, address: str
) -> None:
    assert judge(address, [ip_network(network)]) is None


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "::ffff:169.254.169.254", "100.100.100.200", "fd00:ec2::254",
        "::ffff:0:169.254.169.254", "64:ff9b:1::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::",
    ],
)  # fmt: skip
def test_metadata_services_are_refused_whoever_allows_them(address: str) -> None:
    anything = [ip_network("0.0.0.0/0"), ip_network("::/0")]

    assert "metadata" in (judge(address, anything) or "")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_no_spelling_of_this_machine_is_reached_without_leave(host: str) -> None:
    async with receiver() as hook:
        port = hook.url.split(":")[2]
        outcome = await send(f"https://{host}:{port}", inside=[])

    assert not outcome.delivered
    assert "not a public address" in outcome.detail
    assert hook.got == []


async def test_a_name_that_also_leads_inside_is_refused_as_a_whole() -> None:
    async def both(host: str, port: int) -> Sequence[str]:
        return ["93.184.215.14", "192.168.0.9"]

    outcome = await send("https://hook.test/", resolver=both, inside=[])

    assert outcome.detail.startswith("hook.test is 192.168.0.9: not a public address")


async def test_a_name_is_looked_up_once_and_the_judged_address_is_the_one_reached() -> None:
    """A second look-up could answer with another address (DNS rebinding)."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    async with receiver() as hook:
        url = hook.url.replace("127.0.0.1", "hook.test")
        outcome = await send(url, resolver=rebinding)
    [got] = hook.got

    assert outcome.delivered
    assert asked == ["hook.test"]
    assert got.headers["host"].startswith("hook.test:")


async def test_a_redirect_to_an_inside_address_is_an_answer_and_nobody_follows_it() -> None:
    async with receiver() as hook:
        hook.answer = always(307, location=hook.url.replace("/hook", "/inside"))
        outcome = await send(hook.url)

    assert (outcome.status, outcome.delivered) == (307, False)
    assert [got.path for got in hook.got] == ["/hook"]


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
async def test_what_is_not_a_yes_is_tried_again(status: int) -> None:
    async with receiver() as hook:
        hook.answer = always(status)
        outcome = await send(hook.url)

    assert outcome == Outcome(False, f"answered {status}", status)


async def test_a_receiver_that_is_gone_closes_itself() -> None:
    async with receiver() as hook:
        hook.answer = always(410)
        outcome = await send(hook.url)

    assert outcome.closes


async def test_retry_after_counts_from_the_attempt() -> None:
    at = now()
    async with receiver() as hook:
        hook.answer = always(429, **{"retry-after": "90"})
        outcome = await send(hook.url, at=at)

    assert outcome.again_at is not None
    assert (outcome.again_at - at).total_seconds() == 90


async def test_a_retry_after_that_no_calendar_holds_is_an_answer_like_any_other() -> None:
    async with receiver() as hook:
        hook.answer = always(503, **{"retry-after": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"})
        outcome = await send(hook.url)

    assert outcome == Outcome(False, "answered 503", 503)


async def test_a_name_that_cannot_be_is_an_attempt_that_failed() -> None:
    outcome = await send("https://hook..test/")

    assert outcome.detail.startswith("ConnectError: hook..test: not a name")


async def test_a_receiver_that_never_ends_its_answer_is_left_after_the_time_limit() -> None:
    ended = asyncio.Event()

    async def drip(got: Got) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"."
            await ended.wait()

        return StreamingResponse(parts())

    async with receiver() as hook:
        hook.answer = drip
        outcome = await send(hook.url, timeout_seconds=0.2)
        ended.set()

    assert outcome == Outcome(False, "no answer within 0.2 s")


async def test_a_receiver_that_answers_without_end_is_believed_by_its_status() -> None:
    async def flood(got: Got) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(1000):
                yield bytes(64 * 1024)

        return StreamingResponse(parts())

    async with receiver() as hook:
        hook.answer = flood
        outcome = await send(hook.url)

    assert outcome.delivered


@asynccontextmanager
async def talking(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Listen, and say *answer* to whoever comes, whatever they say."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n."]
)
async def test_what_does_not_speak_http_is_an_attempt_that_failed(answer: bytes) -> None:
    async with talking(answer) as url:
        outcome = await send(url)

    assert not outcome.delivered
    assert outcome.status is None


async def test_a_receiver_that_nobody_listens_for_is_an_attempt_that_failed() -> None:
    async with receiver() as hook:
        pass

    outcome = await send(hook.url)

    assert outcome.detail.startswith("ConnectError")


async def here(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def test_tls_checks_the_name_of_the_url_not_the_address_that_was_reached(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files, tls = authority.vouch_for("hook.test"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(files.certificate, files.key)
    async with talking(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", tls) as url:
        right = await send(url.replace("127.0.0.1", "hook.test"), resolver=here, tls_ca=authority.certificate)
        wrong = await send(
            url.replace("127.0.0.1", "other.test"), resolver=here, tls_ca=authority.certificate
        )
        unknown = await send(url.replace("127.0.0.1", "hook.test"), resolver=here)

    assert right == Outcome(True, status=200)
    assert "CERTIFICATE_VERIFY_FAILED" in wrong.detail
    assert "CERTIFICATE_VERIFY_FAILED" in unknown.detail


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"url": "http://hook.test/", "inside": []}, "inside"),
        ({"url": "ftp://hook.test/"}, "https://host/path"),
        ({"url": "https://user:pw@hook.test/"}, "without user"),
        ({"url": "https://hook.test/\r\nX: y"}, "printable"),
        ({"url": "https://hook.test:99999/"}, "expected a URL"),
        ({"secret": None}, "give secret or signing_key"),
        ({"secret": "hunter2"}, "begins with whsec_"),
        ({"secret": "whsec_c2hvcnQ="}, "24 to 64 bytes"),
        ({"signing_key": "whsk_c2hvcnQ="}, "32 or 64 bytes"),
    ],
)
def test_a_table_that_cannot_be_is_refused_without_telling_the_secret(
    settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        sink(**{"url": "https://hook.test/", **settings})

    assert told in str(refused.value)
    assert "hunter2" not in "".join(error["msg"] for error in refused.value.errors())
