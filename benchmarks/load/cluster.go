// The rows that need a scheduler: pods bound to nodes, and Deployments whose pods become bound or Running.
//
// Nodes are objects only, made here unless the cluster has as many already. What becomes of pods is read from one watch.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

const patience = 5 * time.Minute

// event is what the rows look at of a watch event.
type event struct {
	Type   string
	Object struct {
		Message  string
		Metadata struct{ Name, ResourceVersion string }
		Spec     struct{ NodeName string }
		Status   json.RawMessage
	}
}

func isBound(e *event) bool { return e.Object.Spec.NodeName != "" }

func isRunning(e *event) bool { return bytes.Contains(e.Object.Status, []byte(`"phase":"Running"`)) }

func node(name string) *corev1.Node {
	has := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("32"), corev1.ResourceMemory: resource.MustParse("256Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	ready := corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name}},
		Status:     corev1.NodeStatus{Capacity: has, Allocatable: has, Conditions: []corev1.NodeCondition{ready}},
	}
}

// makeNodes waits for the nodes there are to be usable, or makes them so.
func makeNodes(ctx context.Context, client *kubernetes.Clientset) {
	usable := func() (int, int) {
		list, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		check(err)
		n := 0
		for _, item := range list.Items {
			if len(item.Spec.Taints) == 0 {
				n++
			}
		}
		return n, len(list.Items)
	}
	if _, present := usable(); present == 0 {
		count(*nodes, func(i int) error {
			name := fmt.Sprintf("node-%d", i)
			if _, err := client.CoreV1().Nodes().Create(ctx, node(name), metav1.CreateOptions{}); err != nil {
				return err
			}
			// admission taints what no controller has found ready yet
			_, err := client.CoreV1().Nodes().Patch(ctx, name, types.MergePatchType, []byte(`{"spec":{"taints":null}}`), metav1.PatchOptions{})
			return err
		})
	}
	wait("nodes", func() bool { n, _ := usable(); return n == *nodes })
}

func wait(what string, done func() bool) {
	for end := time.Now().Add(patience); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			check(fmt.Errorf("no %s", what))
		}
	}
}

// following watches the pods from now on; the channel it returns is closed when n of them were seen to have reached what is asked.
// A server that ends the watch, as upstream's does when a watcher falls behind, is asked to go on from the last event.
func following(ctx context.Context, client *kubernetes.Clientset, n int, reached func(*event) bool) <-chan struct{} {
	list, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{Limit: 1})
	check(err)
	version, body := list.ResourceVersion, watch(ctx, client, list.ResourceVersion)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for seen := map[string]bool{}; len(seen) < n; body = watch(ctx, client, version) {
			lines := bufio.NewScanner(body)
			lines.Buffer(make([]byte, 0, 1<<20), 1<<20)
			for len(seen) < n && lines.Scan() {
				var e event
				check(json.Unmarshal(lines.Bytes(), &e))
				if e.Type == "ERROR" {
					check(fmt.Errorf("watch: %s", e.Object.Message))
				}
				if reached(&e) {
					seen[e.Object.Metadata.Name] = true
				}
				version = e.Object.Metadata.ResourceVersion
			}
			body.Close()
		}
	}()
	return done
}

func watch(ctx context.Context, client *kubernetes.Clientset, version string) io.ReadCloser {
	body, err := client.CoreV1().RESTClient().Get().Namespace(namespace).Resource("pods").
		Param("watch", "true").Param("resourceVersion", version).Stream(ctx)
	check(err)
	return body
}

func template() corev1.PodTemplateSpec {
	wants := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("500Mi")}
	container := corev1.Container{Name: "main", Image: "registry.example/app:1.0", Resources: corev1.ResourceRequirements{Requests: wants}}
	labels := map[string]string{"app": "load"}
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{container}}}
}

// bindPods creates pods and waits until the scheduler has bound all of them.
func bindPods(ctx context.Context, client *kubernetes.Clientset) {
	makeNodes(ctx, client)
	one := template()
	timed(func() int64 {
		bound := following(ctx, client, *pods, isBound)
		count(*pods, func(i int) error {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("pod-%d", i), Labels: one.Labels}, Spec: one.Spec}
			_, err := client.CoreV1().Pods(namespace).Create(ctx, pod, metav1.CreateOptions{})
			return err
		})
		<-bound
		return int64(*pods)
	})
}

// deploy creates a Deployment and waits until a watcher has seen all of its pods reach that.
func deploy(ctx context.Context, client *kubernetes.Clientset, state func(*event) bool) {
	makeNodes(ctx, client)
	wait("default service account", func() bool {
		_, err := client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})
	replicas, one := int32(*pods), template()
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "large"},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: one.Labels}, Template: one},
	}
	timed(func() int64 {
		reached := following(ctx, client, *pods, state)
		_, err := client.AppsV1().Deployments(namespace).Create(ctx, deployment, metav1.CreateOptions{})
		check(err)
		<-reached
		return int64(*pods)
	})
}
