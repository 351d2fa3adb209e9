"""The bucket's own ACL: looked at, never written. Whom it lets in beside the bucket's owner."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Finding, Removal
from imagestore.core.model import ByHand, ListMap, ListSet, Model
from imagestore.core.reasons import Reason

PUBLIC = ("AllUsers", "AuthenticatedUsers")


class Grant(Model):
    """What the ACL lets somebody do."""

    grantee: Annotated[
        str,
        Field(
            min_length=1,
            max_length=256,
            description="AllUsers (everybody), AuthenticatedUsers (everybody who has an account at the store),"
            " LogDelivery, or an account by its canonical id or mail address.",
        ),
    ]
    permissions: Annotated[
        tuple[Literal["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"], ...],
        ListSet(),
        Field(
            min_length=1, max_length=5, description="READ lists the bucket, WRITE puts and removes objects."
        ),
    ]


class Acl(Facet):
    """Whom the bucket's ACL lets in. `acl: {}` only looks: an ACL that is open to everybody is reported."""

    removal: ClassVar[Removal] = Removal.LEAVE
    finds: ClassVar[tuple[Reason, ...]] = (Reason.PUBLIC_ACL,)

    grants: Annotated[
        tuple[Grant, ...] | None,
        ListMap("grantee"),
        ByHand(
            "publicAccessBlock.ignorePublicAcls: true or ownership.objectOwnership: BucketOwnerEnforced makes ACLs"
            " count no more; to change this one: aws s3api put-bucket-acl --bucket BUCKET --acl private"
        ),
        Field(
            max_length=100,
            description="Whom it should let in beside the owner; [] is nobody. Absent: no matter. Only looked at,"
            " never written.",
        ),
    ] = None

    def canonical(self) -> Self:
        """Grants in one order, permissions too."""
        if self.grants is None:
            return self
        ordered = (
            g.model_copy(update={"permissions": tuple(sorted(set(g.permissions)))}) for g in self.grants
        )
        return self.model_copy(update={"grants": tuple(sorted(ordered, key=lambda g: g.grantee))})

    def is_empty(self) -> bool:
        return not self.grants

    def findings(self, observed: Self) -> tuple[Finding, ...]:
        wished = {(g.grantee, p) for g in self.grants or () for p in g.permissions}
        found = [(g.grantee, p) for g in observed.grants or () for p in g.permissions]
        public = [f"{p} to {who}" for who, p in found if who in PUBLIC and (who, p) not in wished]
        if not public:
            return ()
        message = (
            f"the bucket's ACL grants {', '.join(public)}; if that is meant, list it in acl.grants; if not,"
            " publicAccessBlock.ignorePublicAcls: true makes it count no more"
        )
        return (Finding(Reason.PUBLIC_ACL, message),)
