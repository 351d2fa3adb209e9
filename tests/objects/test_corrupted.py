"""A proxy that alters what passes, in front of real stores: no altered object is ever to be seen at the destination.

Single objects and parts carry Content-MD5, which the store checks. Parts of an object whose ETag proves them carry none (ADR 0038): the
ETag that they make is compared before the upload is completed.
"""

import os
from dataclasses import replace
from itertools import count

import pytest

from dev.stores import Store
from imagestore.core.errors import StoreError
from imagestore.core.objects import ObjectUpload
from tests.contract.stores import connected
from tests.faults.proxy import Answer, Asked, Fault, Forward, Proxy, proxied
from tests.objects.stores import FIXTURES, NOTHING, REAL, Held, backend, bucket_of
from tests.objects.test_copying import MEBI, Log, copier

BODIES = [os.urandom(9 * MEBI), os.urandom(9 * MEBI)]


def altered(asked: Asked, forward: Forward) -> Answer:
    """One bit of the body that is sent."""
    body = bytearray(asked.body)
    body[len(body) // 2] ^= 1
    return forward(replace(asked, body=bytes(body)))


def altering_answers(asked: Asked, forward: Forward) -> Answer:
    """One bit of the body that is read."""
    answer = forward(asked)
    body = bytearray(answer.body)
    body[len(body) // 2] ^= 1
    return replace(answer, body=bytes(body))


def once(fault: Fault) -> Fault:
    """The first time only."""
    seen = count()
    return lambda asked, forward: fault(asked, forward) if next(seen) == 0 else forward(asked)


def is_part(asked: Asked) -> bool:
    return asked.method == "PUT" and "partNumber=2" in asked.target


def is_object(asked: Asked) -> bool:
    return asked.method == "PUT" and asked.target.endswith("/k")


def through(held: Held, server: Store, proxy: Proxy) -> Held:
    """The same bucket through the proxy."""
    return replace(held, backend=connected(replace(server, endpoint=proxy.endpoint)))


def in_two_parts(held: Held) -> None:
    upload = held.store.begin(held.bucket, "k", NOTHING)
    parts = [
        held.store.write_part(held.bucket, "k", upload, n, ObjectUpload(body))
        for n, body in enumerate(BODIES, 1)
    ]
    held.store.complete(held.bucket, "k", upload, parts)


@pytest.mark.parametrize("provider", ["MinIO", "Ceph"])
def test_a_part_that_is_altered_once_is_sent_again_and_one_that_always_is_never_arrives(
    provider: str, request: pytest.FixtureRequest
) -> None:
    source = bucket_of(backend("SeaweedFS" if provider == "MinIO" else "MinIO", request))
    in_two_parts(source)
    target, server = bucket_of(backend(provider, request)), request.getfixturevalue(FIXTURES[provider])
    with proxied(server.endpoint) as proxy:
        copying, log = through(target, server, proxy), Log()
        with proxy.failing(altered, is_part), pytest.raises(StoreError):
            copier(source, copying, uploads=log).copy("k", "k")
        sent = [asked for asked in proxy.passed if is_part(asked)]
        digests = ["Content-MD5" in dict(asked.headers) for asked in sent]
        assert digests[0] is False, "the ETag of the source proves it"
        assert digests[1:] == [True] * (len(sent) - 1), "after that the store is asked to prove it"
        assert len(sent) > 1
        assert [a.target for a in proxy.passed if a.method == "POST" and "uploadId" in a.target] == []
        assert (target.keys(), log.open, list(target.store.uploads(target.bucket))) == ([], [], [])
        with proxy.failing(once(altered), is_part):
            copied = copier(source, copying, uploads=log).copy("k", "k")
    assert target.read("k") == b"".join(BODIES)
    assert copied.etag == copied.source.etag


@pytest.mark.parametrize("provider", REAL)
def test_a_small_object_that_is_altered_is_refused(provider: str, request: pytest.FixtureRequest) -> None:
    source = bucket_of(backend("SeaweedFS" if provider == "MinIO" else "MinIO", request))
    source.write("k", b"small" * 1000)
    target, server = bucket_of(backend(provider, request)), request.getfixturevalue(FIXTURES[provider])
    with proxied(server.endpoint) as proxy, proxy.failing(altered, is_object), pytest.raises(StoreError):
        copier(source, through(target, server, proxy)).copy("k", "k")
    assert target.keys() == []


def is_read(asked: Asked) -> bool:
    return asked.method == "GET" and asked.target.endswith("/k")


def test_a_part_that_is_altered_while_it_is_read_is_read_again(request: pytest.FixtureRequest) -> None:
    """Content-MD5 alone does not find this: it would be the digest of the altered bytes."""
    source, target = bucket_of(backend("MinIO", request)), bucket_of(backend("Ceph", request))
    in_two_parts(source)
    server = request.getfixturevalue(FIXTURES["MinIO"])
    with proxied(server.endpoint) as proxy, proxy.failing(once(altering_answers), is_read):
        copier(through(source, server, proxy), target).copy("k", "k")
    assert target.read("k") == b"".join(BODIES)
