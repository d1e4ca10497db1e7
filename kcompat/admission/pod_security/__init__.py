"""The Pod Security Standards: what pods may do at each level and version (upstream: staging/src/k8s.io/pod-security-admission).

`policy.py` reads a namespace's labels, `checks.py` is the table of the standards' checks, `evaluation.py` runs those that apply to a pod,
`configuration.py` holds defaults and exemptions. Called by `admission/plugins/pod_security.py`; no I/O.
"""
