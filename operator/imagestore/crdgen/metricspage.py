"""The page of metrics, from every metric that ``imagestore.metrics`` declares."""

from dataclasses import dataclass

from prometheus_client import Counter, Gauge, Histogram

from imagestore import metrics


@dataclass(frozen=True)
class Description:
    """One metric as docs/metrics.md lists it."""

    name: str
    type: str
    labels: tuple[str, ...]
    text: str


def describe() -> list[Description]:
    """Return every metric by name, as docs/metrics.md lists them."""
    known = [_described(metric) for metric in _declared()]
    known += [Description(f.name, "gauge", f.labels, f.text) for f in metrics.FAMILIES]
    return sorted(known, key=lambda d: d.name)


def _declared() -> list[Counter | Gauge | Histogram]:
    return [v for v in vars(metrics).values() if isinstance(v, Counter | Gauge | Histogram)]


def _described(metric: Counter | Gauge | Histogram) -> Description:
    kind = str(metric._type)
    name = f"{metric._name}_total" if kind == "counter" else metric._name
    return Description(name, kind, tuple(metric._labelnames), metric._documentation)


def page() -> str:
    """Return the text of docs/metrics.md."""
    rows = [
        f"| `{d.name}` | {d.type} | {', '.join(f'`{label}`' for label in d.labels) or 'none'} | {d.text} |"
        for d in describe()
    ]
    head = ["# Metrics", "", "Served at `/metrics`; generated from `operator/imagestore/metrics.py`.", ""]
    table = ["| metric | type | labels | description |", "|---|---|---|---|"]
    return "\n".join([*head, *table, *rows, ""])
