"""How a rule that is not ours goes back: as it was found where the store then reads what it meant, else not at all.

RGW 16.2 answers a prefix beside the ``And`` with the tags that it was given inside, and reads of such a filter the
``And`` alone: sent back as it was answered, an enabled rule for ``scratch/`` covered the whole bucket.
"""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from imagestore.backends.s3.settings.verbatim import parsed, text_of, written
from imagestore.core.errors import Rejected
from imagestore.core.render import quote

GiveBack = Callable[[str], str]
AMBIGUOUS = "Ambiguous"  # the code of a Rejected that was decided on before anything was sent


def as_found(xml: str) -> str:
    """To a store that keeps the document that it is given: it reads the same again, whatever that means."""
    return xml


def unambiguous(xml: str) -> str:
    """The same. Rejected for a filter that S3 has no meaning for: conditions side by side, where one may stand."""
    beside = _side_by_side(parsed(xml))
    if beside:
        words = (
            f"the lifecycle rule {quote(text_of(xml, 'ID'), 100)}, which is not the operator's, cannot be given back as"
            f" it was found: its Filter has {', '.join(beside)} side by side, and of those the store may read but one;"
            " nothing was changed; write that filter as one And, or remove the rule"
        )
        raise Rejected(words, code=AMBIGUOUS, operation="PutBucketLifecycleConfiguration")
    return xml


def foreign_joined(xml: str) -> str:
    """With all conditions in one ``And``. What RGW answers side by side, it was given so, and reads so.

    Of several filters it is not known what RGW makes: Rejected as ambiguous.
    """
    rule = parsed(xml)
    filters = rule.findall("Filter")
    if len(filters) != 1 or not _side_by_side(rule):
        return unambiguous(xml)
    (where,) = filters
    together = Element("And")
    for condition in where:
        together.extend(condition if condition.tag == "And" else [condition])
    where[:] = [together]
    return written(rule)


def _side_by_side(rule: Element) -> list[str]:
    conditions = [c.tag for where in rule.findall("Filter") for c in where]
    return conditions if len(conditions) > 1 else []
