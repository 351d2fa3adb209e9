"""The bucket's own ACL: whom it grants access besides the bucket's owner.

The operator compares it and never writes it.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Finding, Removal
from imagestore.core.model import ByHand, ListMap, ListSet, Model
from imagestore.core.reasons import Reason

PUBLIC_GRANTEES = ("AllUsers", "AuthenticatedUsers")


class AclGrant(Model):
    """What the ACL grants to one grantee."""

    grantee: Annotated[
        str,
        Field(
            min_length=1,
            max_length=256,
            description="Who gets the permissions: AllUsers (the public), AuthenticatedUsers (every"
            " account at the store), LogDelivery, or an account by its canonical id or e-mail"
            " address.",
        ),
    ]
    permissions: Annotated[
        tuple[Literal["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"], ...],
        ListSet(),
        Field(
            min_length=1,
            max_length=5,
            description="What the grantee may do. READ lists the bucket, WRITE creates and deletes"
            " objects, READ_ACP and WRITE_ACP read and write the ACL, FULL_CONTROL is all of"
            " them.",
        ),
    ]


class Acl(Facet):
    """The bucket's ACL, which the operator compares and never writes.

    `acl: {}` reports an ACL that is open to the public as the finding PublicAcl.
    """

    removal: ClassVar[Removal] = Removal.LEAVE
    finds: ClassVar[tuple[Reason, ...]] = (Reason.PUBLIC_ACL,)

    grants: Annotated[
        tuple[AclGrant, ...] | None,
        ListMap("grantee"),
        ByHand(
            "to make the store ignore ACLs, set publicAccessBlock.ignorePublicAcls: true or"
            " ownership.objectOwnership: BucketOwnerEnforced; to change this one, run: aws"
            " s3api put-bucket-acl --bucket BUCKET --acl private"
        ),
        Field(
            max_length=100,
            description="Grants that the ACL should have besides the owner's. An empty list means none."
            " Grants are compared and never written. Absent: grants are not compared.",
        ),
    ] = None

    def canonical(self) -> Self:
        """Return the ACL with grants and permissions sorted."""
        if self.grants is None:
            return self
        ordered = (
            g.model_copy(update={"permissions": tuple(sorted(set(g.permissions)))}) for g in self.grants
        )
        return self.model_copy(update={"grants": tuple(sorted(ordered, key=lambda g: g.grantee))})

    def is_empty(self) -> bool:
        return not self.grants

    def findings(self, observed: Self) -> tuple[Finding, ...]:
        desired = {(g.grantee, p) for g in self.grants or () for p in g.permissions}
        found = [(g.grantee, p) for g in observed.grants or () for p in g.permissions]
        public = [f"{p} to {who}" for who, p in found if who in PUBLIC_GRANTEES and (who, p) not in desired]
        if not public:
            return ()
        message = (
            f"the bucket's ACL grants {', '.join(public)}; if that is intended, list it in acl.grants; if not, set"
            " publicAccessBlock.ignorePublicAcls: true, and the store ignores it"
        )
        return (Finding(Reason.PUBLIC_ACL, message),)
