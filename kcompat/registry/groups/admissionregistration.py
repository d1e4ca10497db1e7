"""admissionregistration.k8s.io: webhooks and policies of admission."""

from kcompat.registry.columns import policies
from kcompat.registry.declare import Resource
from kcompat.registry.later import later

GROUP = "admissionregistration.k8s.io"

RESOURCES = (
    Resource(
        "mutatingadmissionpolicies", kind="MutatingAdmissionPolicy", group=GROUP,
        columns=policies.MUTATING_ADMISSION_POLICY, rules=later("admission_policy.MutatingAdmissionPolicyRules"),
    ),
    Resource(
        "mutatingadmissionpolicybindings", kind="MutatingAdmissionPolicyBinding", group=GROUP,
        columns=policies.POLICY_BINDING, rules=later("admission_policy.MutatingAdmissionPolicyBindingRules"),
    ),
    Resource(
        "mutatingwebhookconfigurations", kind="MutatingWebhookConfiguration", group=GROUP,
        columns=policies.WEBHOOK_CONFIGURATION, rules=later("webhook_configuration.WebhookConfigurationRules", mutating=True),
    ),
    Resource(
        "validatingadmissionpolicies", kind="ValidatingAdmissionPolicy", group=GROUP,
        columns=policies.VALIDATING_ADMISSION_POLICY, rules=later("admission_policy.ValidatingAdmissionPolicyRules"),
    ),
    Resource(
        "validatingadmissionpolicybindings", kind="ValidatingAdmissionPolicyBinding", group=GROUP,
        columns=policies.POLICY_BINDING, rules=later("admission_policy.ValidatingAdmissionPolicyBindingRules"),
    ),
    Resource(
        "validatingwebhookconfigurations", kind="ValidatingWebhookConfiguration", group=GROUP,
        columns=policies.WEBHOOK_CONFIGURATION, rules=later("webhook_configuration.WebhookConfigurationRules", mutating=False),
    ),
)
