"""authentication.k8s.io: questions about tokens and about oneself; nothing is stored."""

from kcompat.registry.declare import Resource

GROUP = "authentication.k8s.io"

RESOURCES = (
    Resource("selfsubjectreviews", kind="SelfSubjectReview", group=GROUP, action="self_subject_review"),
    Resource("tokenreviews", kind="TokenReview", group=GROUP, action="token_review"),
)
