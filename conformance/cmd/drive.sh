#!/usr/bin/env bash
# Runs the groups of upstream's test/cmd on a server that is up. Called by runner.py, in a copy of the Kubernetes tree, with:
# SECURE_API_PORT, the server's port; PATH that has kubectl, jq and etcd's tools; WHAT, the groups to run, else all.
# What hack/make-rules/test-cmd.sh does besides, building and starting the servers, is done by servers.py.
set -o errexit -o nounset -o pipefail

KUBE_ROOT=$PWD
source hack/lib/init.sh
source hack/lib/test.sh
source test/cmd/legacy-script.sh

# Python's TLS does not tell clients the names of the authorities it accepts, which is what upstream's function looks for.
kube::util::test_client_certificate_authentication_enabled() { :; }

kube::util::trap_add stop-proxy EXIT
kube::util::ensure-temp-dir
kube::util::ensure-gnu-sed
export HOME="${KUBE_TEMP}"

CONTEXT=test
kubectl config set-credentials test-admin --token admin-token
kubectl config set-cluster local --insecure-skip-tls-verify --server "https://127.0.0.1:${SECURE_API_PORT}"
kubectl config set-context "${CONTEXT}" --user test-admin --cluster local
kubectl config use-context "${CONTEXT}"
# The annotation gives the object a field manager: there is no kubelet here.
kubectl create -f - <<< '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "127.0.0.1", "annotations": {"save-managers": "true"}},
  "status": {"capacity": {"memory": "1Gi"}}}'

SUPPORTED_RESOURCES=("*")
runTests
kube::log::status "TESTS PASSED"
