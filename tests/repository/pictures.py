"""A bucket with all sorts of objects."""

from dataclasses import replace

from tests.repository.world import World

ODD_KEYS = (
    "a/b",
    "a-b",
    "a//b",
    "dir/",
    "/x",
    "é",
    "e\u0301",
    "\U0001f600",
    "\ue000",
    "\udcff\udc80",
    "a b+c%",
    "\x01",
)


def filled(*, sealed: bool = True, large: bool = False) -> World:
    """Pictures, twice the same one, an empty object and odd keys; ``large`` ones too."""
    world = World(sealed=sealed)
    for n in range(40):
        world.put(
            f"shop/{n:02}.png",
            world.random(200 + n * 997),
            headers={"content-type": "image/png", "cache-control": "no-store"},
            metadata={"artist": "Zoë"},
            tags={"team": "web"} if n % 2 else None,
        )
    world.put("shop/same.png", world.content()["shop/07.png"])
    world.put("empty", b"")
    if large:
        world.put("large/9m.tif", world.random(9 * 1024**2 + 5))
        world.put("large/18m.tif", world.random(8) * (18 * 1024**2 // 8))
    for key in ODD_KEYS:
        world.put(key, key.encode("utf-8", "surrogateescape"))
    return world


def attributes(world: World, bucket: str) -> dict[str, object]:
    server = world.source_server if bucket == "photos" else world.target_server
    found = {k: v[-1].attributes for k, v in server.content(bucket).keys.items()}
    return {k: replace(a, tags=a.tags or None) for k, a in found.items()}  # no tags are no tags
