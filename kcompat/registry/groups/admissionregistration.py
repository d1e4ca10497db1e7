"""admissionregistration.k8s.io: webhooks and policies of admission."""

from kcompat.registry.columns import policies
from kcompat.registry.declare import Resource
from kcompat.registry.rules.admission_policy import (
    MutatingAdmissionPolicyBindingRules,
    MutatingAdmissionPolicyRules,
    ValidatingAdmissionPolicyBindingRules,
    ValidatingAdmissionPolicyRules,
)
from kcompat.registry.rules.webhook_configuration import WebhookConfigurationRules

GROUP = "admissionregistration.k8s.io"

RESOURCES = (
    Resource(
        "mutatingadmissionpolicies", kind="MutatingAdmissionPolicy", group=GROUP,
        columns=policies.MUTATING_ADMISSION_POLICY, rules=MutatingAdmissionPolicyRules(),
    ),
    Resource(
        "mutatingadmissionpolicybindings", kind="MutatingAdmissionPolicyBinding", group=GROUP,
        columns=policies.POLICY_BINDING, rules=MutatingAdmissionPolicyBindingRules(),
    ),
    Resource(
        "mutatingwebhookconfigurations", kind="MutatingWebhookConfiguration", group=GROUP,
        columns=policies.WEBHOOK_CONFIGURATION, rules=WebhookConfigurationRules(mutating=True),
    ),
    Resource(
        "validatingadmissionpolicies", kind="ValidatingAdmissionPolicy", group=GROUP,
        columns=policies.VALIDATING_ADMISSION_POLICY, rules=ValidatingAdmissionPolicyRules(),
    ),
    Resource(
        "validatingadmissionpolicybindings", kind="ValidatingAdmissionPolicyBinding", group=GROUP,
        columns=policies.POLICY_BINDING, rules=ValidatingAdmissionPolicyBindingRules(),
    ),
    Resource(
        "validatingwebhookconfigurations", kind="ValidatingWebhookConfiguration", group=GROUP,
        columns=policies.WEBHOOK_CONFIGURATION, rules=WebhookConfigurationRules(mutating=False),
    ),
)
