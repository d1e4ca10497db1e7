"""admissionregistration.k8s.io: webhooks and policies of admission."""

from kcompat.registry.columns import policies
from kcompat.registry.declare import Resource

GROUP = "admissionregistration.k8s.io"

RESOURCES = (
    Resource("mutatingadmissionpolicies", kind="MutatingAdmissionPolicy", columns=policies.MUTATING_ADMISSION_POLICY, group=GROUP),
    Resource("mutatingadmissionpolicybindings", kind="MutatingAdmissionPolicyBinding", columns=policies.POLICY_BINDING, group=GROUP),
    Resource("mutatingwebhookconfigurations", kind="MutatingWebhookConfiguration", columns=policies.WEBHOOK_CONFIGURATION, group=GROUP),
    Resource("validatingadmissionpolicies", kind="ValidatingAdmissionPolicy", columns=policies.VALIDATING_ADMISSION_POLICY, group=GROUP),
    Resource("validatingadmissionpolicybindings", kind="ValidatingAdmissionPolicyBinding", columns=policies.POLICY_BINDING, group=GROUP),
    Resource("validatingwebhookconfigurations", kind="ValidatingWebhookConfiguration", columns=policies.WEBHOOK_CONFIGURATION, group=GROUP),
)
