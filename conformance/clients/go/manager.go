package main

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const finalizer = "example.com/kept"

// reconciler keeps a Deployment named after every ConfigMap labelled `operator`, with as many replicas as it says, and frees it when it goes.
type reconciler struct{ client.Client }

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var source corev1.ConfigMap
	if err := r.Get(ctx, request.NamespacedName, &source); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if source.Labels["operator"] == "" {
		return ctrl.Result{}, nil
	}
	if !source.DeletionTimestamp.IsZero() {
		controllerutil.RemoveFinalizer(&source, finalizer)
		return ctrl.Result{}, r.Update(ctx, &source)
	}
	if controllerutil.AddFinalizer(&source, finalizer) {
		if err := r.Update(ctx, &source); err != nil {
			return ctrl.Result{}, err
		}
	}
	wanted := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: source.Name, Namespace: source.Namespace}}
	_, err := controllerutil.CreateOrUpdate(ctx, r.Client, wanted, func() error {
		template := deployment(source.Name, int32(len(source.Data["replicas"])))
		wanted.Spec.Replicas, wanted.Spec.Selector = template.Spec.Replicas, template.Spec.Selector
		wanted.Spec.Template.Labels = template.Spec.Template.Labels
		wanted.Spec.Template.Spec.Containers = template.Spec.Template.Spec.Containers
		return controllerutil.SetControllerReference(&source, wanted, r.Scheme())
	})
	return ctrl.Result{}, err
}

func controllerRuntime(config *rest.Config) {
	const name = "controller-runtime"
	ctrl.SetLogger(logr.Discard())
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	lease, retry := 4*time.Second, 500*time.Millisecond
	renew := 3 * time.Second
	webhooks, err := webhookServer()
	if err != nil {
		step(name, "webhook server", func(context.Context) error { return err })
		return
	}
	var manager ctrl.Manager
	step(name, "manager with cache and leader election", func(context.Context) error {
		made, err := ctrl.NewManager(config, ctrl.Options{
			Metrics: server.Options{BindAddress: "0"}, WebhookServer: webhooks, LeaderElection: true, LeaderElectionID: "operator", LeaderElectionNamespace: namespace,
			LeaseDuration: &lease, RenewDeadline: &renew, RetryPeriod: &retry, LeaderElectionReleaseOnCancel: true,
			Cache: cache.Options{DefaultNamespaces: map[string]cache.Config{namespace: {}}},
		})
		if err != nil {
			return err
		}
		manager = made
		err = ctrl.NewControllerManagedBy(manager).For(&corev1.ConfigMap{}).Owns(&appsv1.Deployment{}).Complete(&reconciler{manager.GetClient()})
		if err != nil {
			return err
		}
		go func() { _ = manager.Start(ctx) }()
		select {
		case <-manager.Elected():
			return nil
		case <-time.After(30 * time.Second):
			return context.DeadlineExceeded
		}
	})
	if manager == nil {
		return
	}
	key := client.ObjectKey{Namespace: namespace, Name: "operated"}
	step(name, "reconciles into running pods", func(ctx context.Context) error {
		source := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: key.Name, Namespace: key.Namespace, Labels: map[string]string{"operator": "yes"}}}
		source.Data = map[string]string{"replicas": "xx"}
		if err := manager.GetClient().Create(ctx, source); err != nil {
			return err
		}
		return until(ctx, "two ready", func(ctx context.Context) (bool, error) {
			var made appsv1.Deployment
			err := manager.GetClient().Get(ctx, key, &made)
			return err == nil && made.Status.ReadyReplicas == 2, client.IgnoreNotFound(err)
		})
	})
	step(name, "patches, makes again what was deleted", func(ctx context.Context) error {
		var source corev1.ConfigMap
		if err := manager.GetClient().Get(ctx, key, &source); err != nil {
			return err
		}
		base := source.DeepCopy()
		source.Data["replicas"] = "x"
		if err := manager.GetClient().Patch(ctx, &source, client.MergeFrom(base)); err != nil {
			return err
		}
		var made appsv1.Deployment
		if err := manager.GetClient().Get(ctx, key, &made); err != nil {
			return err
		}
		if err := manager.GetClient().Delete(ctx, &made); err != nil {
			return err
		}
		return until(ctx, "one ready", func(ctx context.Context) (bool, error) {
			var now appsv1.Deployment
			err := manager.GetClient().Get(ctx, key, &now)
			return err == nil && now.UID != made.UID && now.Status.ReadyReplicas == 1, client.IgnoreNotFound(err)
		})
	})
	step(name, "webhook server, its configuration", func(ctx context.Context) error { return configuresWebhook(ctx, manager) })
	step(name, "finalizer, owned objects collected", func(ctx context.Context) error {
		source := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: key.Name, Namespace: key.Namespace}}
		if err := manager.GetClient().Delete(ctx, source); err != nil {
			return err
		}
		return until(ctx, "gone", func(ctx context.Context) (bool, error) {
			var made appsv1.Deployment
			return apierrors.IsNotFound(manager.GetAPIReader().Get(ctx, key, &made)), nil
		})
	})
}
