"""authorization.k8s.io: may somebody do something; nothing is stored."""

from kcompat.registry.declare import Resource

GROUP = "authorization.k8s.io"

RESOURCES = (
    Resource("localsubjectaccessreviews", kind="LocalSubjectAccessReview", group=GROUP, action="local_subject_access_review"),
    Resource("selfsubjectaccessreviews", kind="SelfSubjectAccessReview", group=GROUP, action="self_subject_access_review"),
    Resource("selfsubjectrulesreviews", kind="SelfSubjectRulesReview", group=GROUP, action="self_subject_rules_review"),
    Resource("subjectaccessreviews", kind="SubjectAccessReview", group=GROUP, action="subject_access_review"),
)
