package main

import (
	"context"
	"fmt"
	"io"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/retry"
)

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "a"}}, Data: map[string]string{"key": "one"}}
}

func deployment(name string, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "nginx"}}},
			},
		},
	}
}

func typed(config *rest.Config) {
	const client = "client-go"
	set := kubernetes.NewForConfigOrDie(config)
	maps := set.CoreV1().ConfigMaps(namespace)
	step(client, "version and discovery", func(ctx context.Context) error {
		version, err := set.Discovery().ServerVersion()
		if err != nil {
			return err
		}
		groups, resources, err := set.Discovery().ServerGroupsAndResources()
		return first(err, expect(version.Minor == "37" && len(groups) > 15 && len(resources) > 15, "%s %d %d", version, len(groups), len(resources)))
	})
	step(client, "create, get, list in pages", func(ctx context.Context) error {
		for i := range 5 {
			if _, err := maps.Create(ctx, configMap(fmt.Sprintf("a-%d", i)), metav1.CreateOptions{}); err != nil {
				return err
			}
		}
		seen, options := 0, metav1.ListOptions{LabelSelector: "app=a", Limit: 2}
		for {
			page, err := maps.List(ctx, options)
			if err != nil {
				return err
			}
			seen += len(page.Items)
			if options.Continue = page.Continue; options.Continue == "" {
				break
			}
		}
		one, err := maps.Get(ctx, "a-0", metav1.GetOptions{})
		return first(err, expect(seen == 5 && one.Data["key"] == "one", "%d listed, %v", seen, one.Data))
	})
	step(client, "update and conflict", func(ctx context.Context) error {
		old, err := maps.Get(ctx, "a-0", metav1.GetOptions{})
		if err != nil {
			return err
		}
		changed := old.DeepCopy()
		changed.Data["key"] = "two"
		if _, err := maps.Update(ctx, changed, metav1.UpdateOptions{}); err != nil {
			return err
		}
		_, err = maps.Update(ctx, old, metav1.UpdateOptions{})
		if !apierrors.IsConflict(err) {
			return fmt.Errorf("expected a conflict: %v", err)
		}
		return retry.RetryOnConflict(retry.DefaultRetry, func() error {
			fresh, err := maps.Get(ctx, "a-0", metav1.GetOptions{})
			if err != nil {
				return err
			}
			fresh.Data["key"] = "three"
			_, err = maps.Update(ctx, fresh, metav1.UpdateOptions{})
			return err
		})
	})
	step(client, "patches", func(ctx context.Context) error {
		for kind, patch := range map[types.PatchType]string{
			types.JSONPatchType:           `[{"op":"add","path":"/data/json","value":"1"}]`,
			types.MergePatchType:          `{"data":{"merge":"1"}}`,
			types.StrategicMergePatchType: `{"data":{"strategic":"1"}}`,
		} {
			if _, err := maps.Patch(ctx, "a-1", kind, []byte(patch), metav1.PatchOptions{}); err != nil {
				return err
			}
		}
		one, err := maps.Get(ctx, "a-1", metav1.GetOptions{})
		return first(err, expect(len(one.Data) == 4, "%v", one.Data))
	})
	step(client, "apply and its conflict", func(ctx context.Context) error {
		apply := func(manager, value string, force bool) error {
			wanted := coreapply.ConfigMap("applied", namespace).WithData(map[string]string{"key": value})
			_, err := maps.Apply(ctx, wanted, metav1.ApplyOptions{FieldManager: manager, Force: force})
			return err
		}
		if err := apply("one", "1", false); err != nil {
			return err
		}
		if err := apply("two", "2", false); !apierrors.IsConflict(err) {
			return fmt.Errorf("expected a conflict: %v", err)
		}
		got := apply("two", "2", true)
		extracted, err := maps.Get(ctx, "applied", metav1.GetOptions{})
		if err != nil {
			return err
		}
		own, err := coreapply.ExtractConfigMap(extracted, "two")
		return first(got, err, expect(own != nil && own.Data["key"] == "2", "%v", own))
	})
	step(client, "watch", func(ctx context.Context) error {
		list, err := maps.List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		watcher, err := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion, FieldSelector: "metadata.name=watched"})
		if err != nil {
			return err
		}
		defer watcher.Stop()
		if _, err := maps.Create(ctx, configMap("watched"), metav1.CreateOptions{}); err != nil {
			return err
		}
		if err := maps.Delete(ctx, "watched", metav1.DeleteOptions{}); err != nil {
			return err
		}
		one, two := <-watcher.ResultChan(), <-watcher.ResultChan()
		return expect(one.Type == watch.Added && two.Type == watch.Deleted, "%v %v", one, two)
	})
	step(client, "watch of a compacted revision", func(ctx context.Context) error {
		watcher, err := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: "1"})
		if err != nil {
			return expect(apierrors.IsResourceExpired(err) || apierrors.IsGone(err), "%v", err)
		}
		defer watcher.Stop()
		event := <-watcher.ResultChan()
		return expect(event.Type == watch.Error && apierrors.IsResourceExpired(apierrors.FromObject(event.Object)), "%v", event)
	})
	step(client, "informer", func(ctx context.Context) error {
		factory := informers.NewSharedInformerFactoryWithOptions(set, 0, informers.WithNamespace(namespace))
		events := make(chan string, 100)
		informer := factory.Core().V1().ConfigMaps()
		_, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
			UpdateFunc: func(_, now any) { events <- "update " + now.(*corev1.ConfigMap).Name },
			DeleteFunc: func(gone any) { events <- "delete" },
		})
		if err != nil {
			return err
		}
		factory.Start(ctx.Done())
		for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
			if !synced {
				return fmt.Errorf("%v did not sync", kind)
			}
		}
		if _, err := maps.Patch(ctx, "a-2", types.MergePatchType, []byte(`{"data":{"seen":"yes"}}`), metav1.PatchOptions{}); err != nil {
			return err
		}
		one := <-events
		if err := maps.Delete(ctx, "a-2", metav1.DeleteOptions{}); err != nil {
			return err
		}
		two := <-events
		return expect(one == "update a-2" && two == "delete", "%s, %s", one, two)
	})
	step(client, "deployment to running pods", func(ctx context.Context) error {
		if _, err := set.AppsV1().Deployments(namespace).Create(ctx, deployment("web", 2), metav1.CreateOptions{}); err != nil {
			return err
		}
		return until(ctx, "ready", func(ctx context.Context) (bool, error) {
			now, err := set.AppsV1().Deployments(namespace).Get(ctx, "web", metav1.GetOptions{})
			return err == nil && now.Status.ReadyReplicas == 2, err
		})
	})
	step(client, "scale, apply of a deployment", func(ctx context.Context) error {
		scale, err := set.AppsV1().Deployments(namespace).GetScale(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return err
		}
		scale.Spec.Replicas = 3
		if _, err := set.AppsV1().Deployments(namespace).UpdateScale(ctx, "web", scale, metav1.UpdateOptions{}); err != nil {
			return err
		}
		container := coreapply.Container().WithName("web").WithEnv(coreapply.EnvVar().WithName("A").WithValue("b"))
		template := coreapply.PodTemplateSpec().WithSpec(coreapply.PodSpec().WithContainers(container))
		wanted := appsapply.Deployment("web", namespace).WithSpec(appsapply.DeploymentSpec().WithTemplate(template).
			WithSelector(metaapply.LabelSelector().WithMatchLabels(map[string]string{"app": "web"})))
		now, err := set.AppsV1().Deployments(namespace).Apply(ctx, wanted, metav1.ApplyOptions{FieldManager: "go", Force: true})
		return first(err, expect(*now.Spec.Replicas == 3 && now.Spec.Template.Spec.Containers[0].Image == "nginx", "%v", now.Spec))
	})
	step(client, "logs", func(ctx context.Context) error {
		pods, err := set.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=web", FieldSelector: "status.phase=Running"})
		if err != nil || len(pods.Items) == 0 {
			return fmt.Errorf("no pods: %v", err)
		}
		stream, err := set.CoreV1().Pods(namespace).GetLogs(pods.Items[0].Name, &corev1.PodLogOptions{}).Stream(ctx)
		if err != nil {
			return err
		}
		defer stream.Close()
		_, err = io.ReadAll(stream)
		return err
	})
	step(client, "exec", func(ctx context.Context) error { return executes(ctx, config, set) })
	step(client, "port-forward", func(ctx context.Context) error { return forwards(ctx, config, set) })
	step(client, "evict", func(ctx context.Context) error {
		pods, err := set.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
		if err != nil || len(pods.Items) == 0 {
			return fmt.Errorf("no pods: %v", err)
		}
		name := pods.Items[0].Name
		eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}}
		if err := set.PolicyV1().Evictions(namespace).Evict(ctx, eviction); err != nil {
			return err
		}
		return until(ctx, "gone", func(ctx context.Context) (bool, error) {
			_, err := set.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
			return apierrors.IsNotFound(err), nil
		})
	})
	step(client, "leader election", func(ctx context.Context) error {
		return elected(ctx, set)
	})
	step(client, "delete, deletecollection", func(ctx context.Context) error {
		foreground := metav1.DeletePropagationForeground
		if err := set.AppsV1().Deployments(namespace).Delete(ctx, "web", metav1.DeleteOptions{PropagationPolicy: &foreground}); err != nil {
			return err
		}
		if err := maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "app=a"}); err != nil {
			return err
		}
		return until(ctx, "gone", func(ctx context.Context) (bool, error) {
			_, err := set.AppsV1().Deployments(namespace).Get(ctx, "web", metav1.GetOptions{})
			left, listed := maps.List(ctx, metav1.ListOptions{LabelSelector: "app=a"})
			return apierrors.IsNotFound(err) && len(left.Items) == 0, listed
		})
	})
}

// elected: one candidate leads, gives up, the other takes over.
func elected(ctx context.Context, set *kubernetes.Clientset) error {
	leaders := make(chan string, 2)
	candidate := func(ctx context.Context, name string) {
		lock := &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Name: "leader", Namespace: namespace}, Client: set.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		}
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock: lock, ReleaseOnCancel: true, LeaseDuration: 4 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: 200 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { leaders <- name }, OnStoppedLeading: func() {}},
		})
	}
	one, stop := context.WithCancel(ctx)
	two, end := context.WithCancel(ctx)
	defer end()
	go candidate(one, "one")
	initial := <-leaders
	go candidate(two, "two")
	stop()
	select {
	case next := <-leaders:
		return expect(initial == "one" && next == "two", "%s, %s", initial, next)
	case <-ctx.Done():
		return ctx.Err()
	}
}
