"""API priority and fairness: every request belongs to a flow, and flows of a priority level share its seats.

`schemas.py` says which FlowSchema a request matches, `levels.py` has the seats and queues of a PriorityLevelConfiguration, `shares.py` divides the
server's seats among levels, `control.py` joins them for the pipeline and `dumps.py` shows them. The objects are written by
`kcompat/flow_configuration.py`. Upstream: staging/src/k8s.io/apiserver/pkg/util/flowcontrol.
"""
