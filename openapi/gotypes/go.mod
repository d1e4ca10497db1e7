module kcompat/openapi/gotypes

go 1.24

require (
	k8s.io/api v0.37.1
	k8s.io/apiextensions-apiserver v0.37.1
	k8s.io/apimachinery v0.37.1
	k8s.io/kube-aggregator v0.37.1
	k8s.io/kubernetes v1.37.1
)
