"""admissionregistration.k8s.io: webhooks and policies of admission."""

from kcompat.registry.declare import Resource

GROUP = "admissionregistration.k8s.io"

RESOURCES = (
    Resource("mutatingadmissionpolicies", kind="MutatingAdmissionPolicy", group=GROUP),
    Resource("mutatingadmissionpolicybindings", kind="MutatingAdmissionPolicyBinding", group=GROUP),
    Resource("mutatingwebhookconfigurations", kind="MutatingWebhookConfiguration", group=GROUP),
    Resource("validatingadmissionpolicies", kind="ValidatingAdmissionPolicy", group=GROUP),
    Resource("validatingadmissionpolicybindings", kind="ValidatingAdmissionPolicyBinding", group=GROUP),
    Resource("validatingwebhookconfigurations", kind="ValidatingWebhookConfiguration", group=GROUP),
)
