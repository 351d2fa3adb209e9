"""One read of one setting is spoilt, all else is well: never "nothing is set", never drift, never a write."""

import pytest

from dev.stores import Store as Server
from tests.faults import faults
from tests.faults.proxy import Asked, Fault, Proxy, Which
from tests.faults.world import Make, StoreWorld, nothing_else, plain, settings_of

READS = ("tagging", "versioning", "policy", "lifecycle", "get-bucket-quota")
PAGES: dict[str, Fault] = {
    "404 HTML": faults.always(404, faults.PAGE, faults.HTML),
    "404 XHTML": faults.always(404, faults.XHTML, faults.HTML),
    "404 empty": faults.always(404),
    "200 HTML": faults.always(200, faults.PAGE, faults.HTML),
    "200 XHTML": faults.always(200, faults.XHTML, faults.HTML),
    "200 empty": faults.always(200),
    "emptied": faults.emptied,
    "shortened": faults.shortened,
    "another document": faults.always(200, b"<ListBucketResult><Name>x</Name></ListBucketResult>"),
}


def reading(sub: str) -> Which:
    """The requests that read one setting."""

    def which(asked: Asked) -> bool:
        return asked.method == "GET" and asked.sub == sub

    return which


@pytest.mark.parametrize("page", list(PAGES.values()), ids=list(PAGES))
@pytest.mark.parametrize("sub", READS)
def test_a_spoilt_read(kept: StoreWorld, proxy: Proxy, minio_store: Server, sub: str, page: Fault) -> None:
    before = kept.snapshot()
    with nothing_else(minio_store, kept.bucket_name):
        with proxy.failing(page, reading(sub)):
            kept.later(minutes=10)
            kept.go(3, at_least=60)
            assert "not the store's answer" in kept.ready_message
        kept.recover()
    assert proxy.writes() == []
    assert kept.snapshot() == before


def test_tags_of_others_survive_an_empty_answer(made: StoreWorld, proxy: Proxy) -> None:
    """Read as "no tags", what somebody else had tagged would be overwritten together with our own."""
    client, tags = plain(made.server), made.snapshot()
    assert tags is not None
    foreign = [*tags["get_bucket_tagging"], {"Key": "cost-centre", "Value": "4711"}]
    client.put_bucket_tagging(Bucket=made.bucket_name, Tagging={"TagSet": foreign})
    made.edit(tags={"team": "lab"})
    with proxy.failing(faults.emptied, reading("tagging")):
        made.go(4)
    made.recover()
    after = made.snapshot()
    assert after is not None
    assert {"Key": "cost-centre", "Value": "4711"} in after["get_bucket_tagging"]


@pytest.mark.parametrize("page", [PAGES["404 HTML"], PAGES["404 empty"], PAGES["200 HTML"]])
def test_an_ingress_that_says_the_same_to_everything(
    worlds: Make, proxy: Proxy, minio_store: Server, page: Fault
) -> None:
    """A store without bucket tags is asked by HEAD, whose answer has no body that gives a page away."""
    spec = settings_of(minio_store, proxy.endpoint, provider="S3", admin=None)
    world = worlds(backend_spec=spec).apply(versioning={"state": "Enabled"})
    with proxy.failing(page):
        world.go(3)
        assert "not the store's answer" in world.ready_message
    world.recover()
    proxy.forget()
    with proxy.failing(page):
        world.later(minutes=10)
        world.go(4, at_least=60)
        assert "not the store's answer" in world.ready_message
    world.recover()
    assert proxy.writes() == [], "the bucket was made again"
