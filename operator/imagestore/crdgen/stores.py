"""What is supported where, and what a store must grant the operator: out of the drivers' tables."""

from collections.abc import Iterator, Mapping
from itertools import chain

from imagestore.backends.cloud import StorePage
from imagestore.backends.registry import CLOUDS
from imagestore.core.reading import Level, Support
from imagestore.crdgen.formats import table

_STARRED = """\
\\* Not tested on the store itself: Amazon S3 on moto and a stand-in, IBM and Oracle by the vendor's documentation.
[`make live`]({docs}own-server.md#the-whole-contract-suite-on-an-account-make-live) tests it on an account of yours.
S3 is any other server: its administrator declares what it supports, as [`imagestore backend probe`]({docs}own-server.md)
finds out."""
_WORD = {Level.FULL: "yes", Level.PARTIAL: "partly", Level.NONE: "no"}


def store_pages() -> Mapping[str, StorePage]:
    """Of each provider."""
    return {provider: cloud.page() for provider, cloud in CLOUDS.items()}


def support_table(docs: str) -> str:
    """A row a setting, a column a store. ``docs``: where the pages are, seen from where this is read."""
    known = store_pages().values()
    facets = list(dict.fromkeys(chain.from_iterable(p.support for p in known)))
    rows = [[f"`{f}`", *(_WORD[p.support[f].level] for p in known)] for f in facets]
    return (
        table(["", *(f"{p.product}{'*' if _unproven(p) else ''}" for p in known)], rows)
        + "\n\n"
        + _STARRED.format(docs=docs)
    )


def support_page() -> str:
    """The table, and why something is not supported."""
    words = (
        "The reasons for `partly` and `no` are below the table. The operator refuses what a store would drop, and reports"
        " that in the bucket's status. The contract suite tests stores without a star on the servers themselves."
    )
    notes = [_notes(page) for page in store_pages().values()]
    return (
        "\n\n".join(["# Supported settings by store", words, support_table("../"), *(n for n in notes if n)])
        + "\n"
    )


def _notes(page: StorePage) -> str:
    """A line a reason: what is not as asked for the same one stands together."""
    by_reason: dict[str, list[str]] = {}
    for facet, held in page.support.items():
        if why := "; ".join(_why(held)):
            by_reason.setdefault(why, []).append(f"`{facet}`")
    lines = [f"- {', '.join(facets)}: {why}" for why, facets in by_reason.items()]
    known = [f"{said}."] if (said := _unproven(page)) else []
    return "\n\n".join([f"## {page.product}", *known, "\n".join(lines)]) if lines else ""


def _unproven(page: StorePage) -> str:
    """How the profile is known if the contract suite never ran on the store itself, else an empty string."""
    if page.documents:
        return f"By documentation, not proven on the store: {_read(page)}"
    return f"Proven on {page.stand_in}; not on the store itself" if page.stand_in else ""


def _read(page: StorePage) -> str:
    return ", ".join(f"<{url}>" for url in page.documents)


def _why(support: Support) -> Iterator[str]:
    if support.reason:
        yield support.reason
    if support.lost:
        yield "refused: " + ", ".join(f"`{path}`" for path in support.lost)
    yield from support.weak
    yield from dict.fromkeys(f"refused: `{limit.path}`: {limit.fix}" for limit in support.limits)


def permissions_page() -> str:
    """For each store the least that must be granted."""
    words = (
        "The least permissions that the operator's credentials need. Leave out those for settings and deletion policies"
        " that no tenant may use. If a permission is missing, a condition of the bucket names it."
    )
    examples = [page.example for page in store_pages().values() if page.example]
    sections = [_permissions(page) for page in store_pages().values()]
    return "\n\n".join(["# Permissions in the store", words, *examples, *sections]) + "\n"


def _permissions(page: StorePage) -> str:
    if page.documents:
        return (
            f"## {page.product}\n\nRoles of its own access management, by its documentation: {_read(page)}."
        )
    rows = [[f"`{name}`", _codes(actions)] for name, actions in page.buckets.items()]
    rows += [[f"`{name}`", _codes(actions)] for name, actions in page.settings.items()]
    rows += [[f"`{field}`", _codes(actions)] for field, actions in page.admin.items()]
    rows += [["`tiers[].remote` of the StorageBackend", _codes(page.tiers)]] if page.tiers else []
    return f"## {page.product}\n\n" + table(["for", "grant"], rows)


def _codes(actions: tuple[str, ...]) -> str:
    return ", ".join(f"`{a}`" for a in actions)
