"""How resource quotas are measured: what objects use of them, and which quotas concern an object. Pure.

Called by the ResourceQuota admission plugin and by the resource quota controller. `evaluator.py` counts objects; `pods.py`, `services.py`,
`claims.py` and `devices.py` measure more than that; `measuring.py` adds up and says which evaluator is whose.
Upstream: apiserver pkg/quota/v1, pkg/quota/v1/evaluator/core.
"""
