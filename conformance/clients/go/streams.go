package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/util/exec"
)

// podRequest waits for the rollout that an earlier step began, as its old pods may go at any moment.
func podRequest(ctx context.Context, set kubernetes.Interface, subresource string) (*rest.Request, error) {
	err := until(ctx, "rolled out", func(ctx context.Context) (bool, error) {
		web, err := set.AppsV1().Deployments(namespace).Get(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		status := web.Status
		return status.ObservedGeneration == web.Generation && status.UpdatedReplicas == status.Replicas && status.ReadyReplicas == *web.Spec.Replicas, nil
	})
	if err != nil {
		return nil, err
	}
	pods, err := set.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=web", FieldSelector: "status.phase=Running"})
	if err != nil || len(pods.Items) == 0 {
		return nil, fmt.Errorf("no pods: %v", err)
	}
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp == nil {
			return set.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod.Name).SubResource(subresource), nil
		}
	}
	return nil, fmt.Errorf("all pods are on their way out")
}

// executes runs a command over WebSockets and over SPDY.
func executes(ctx context.Context, config *rest.Config, set kubernetes.Interface) error {
	request, err := podRequest(ctx, set, "exec")
	if err != nil {
		return err
	}
	options := &corev1.PodExecOptions{Command: []string{"sh", "-c", "cat; echo err >&2; exit 3"}, Stdin: true, Stdout: true, Stderr: true}
	url := request.VersionedParams(options, scheme.ParameterCodec).URL()
	sockets, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, url.String())
	if err != nil {
		return err
	}
	streams, err := remotecommand.NewSPDYExecutor(config, http.MethodPost, url)
	if err != nil {
		return err
	}
	for _, executor := range []remotecommand.Executor{sockets, streams} {
		var out, errs bytes.Buffer
		err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: strings.NewReader("typed"), Stdout: &out, Stderr: &errs})
		var ended exec.CodeExitError
		if !errors.As(err, &ended) || ended.Code != 3 || out.String() != "typed" || errs.String() != "err\n" {
			return fmt.Errorf("%v %q %q", err, out.String(), errs.String())
		}
	}
	return nil
}

// forwards opens the way to a port over SPDY in a WebSocket and over SPDY alone; that nobody listens there is what both must say.
func forwards(ctx context.Context, config *rest.Config, set kubernetes.Interface) error {
	request, err := podRequest(ctx, set, "portforward")
	if err != nil {
		return err
	}
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return err
	}
	streams := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, request.URL())
	sockets, err := portforward.NewSPDYOverWebsocketDialer(request.URL(), config)
	if err != nil {
		return err
	}
	connection, _, err := sockets.Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return err
	}
	defer connection.Close()
	other, _, err := streams.Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return err
	}
	defer other.Close()
	for _, each := range []httpstream.Connection{connection, other} {
		headers := http.Header{}
		headers.Set(corev1.StreamType, corev1.StreamTypeError)
		headers.Set(corev1.PortHeader, "80")
		headers.Set(corev1.PortForwardRequestIDHeader, "0")
		failed, err := each.CreateStream(headers)
		if err != nil {
			return err
		}
		headers.Set(corev1.StreamType, corev1.StreamTypeData)
		if _, err := each.CreateStream(headers); err != nil {
			return err
		}
		said := make([]byte, 4096)
		n, _ := failed.Read(said)
		if !strings.Contains(string(said[:n]), "connection refused") {
			return fmt.Errorf("%q", said[:n])
		}
	}
	return nil
}
