package main

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
)

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

func untypedMap(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name}, "data": map[string]any{"key": "one"},
	}}
}

func untyped(config *rest.Config) {
	const client = "dynamic client"
	set := dynamic.NewForConfigOrDie(config)
	maps := set.Resource(configMaps).Namespace(namespace)
	step(client, "create, update, conflict", func(ctx context.Context) error {
		made, err := maps.Create(ctx, untypedMap("d"), metav1.CreateOptions{})
		if err != nil {
			return err
		}
		changed := made.DeepCopy()
		changed.SetLabels(map[string]string{"a": "b"})
		if _, err := maps.Update(ctx, changed, metav1.UpdateOptions{}); err != nil {
			return err
		}
		_, err = maps.Update(ctx, made, metav1.UpdateOptions{})
		return expect(apierrors.IsConflict(err), "expected a conflict: %v", err)
	})
	step(client, "patch, apply", func(ctx context.Context) error {
		if _, err := maps.Patch(ctx, "d", types.MergePatchType, []byte(`{"data":{"merge":"1"}}`), metav1.PatchOptions{}); err != nil {
			return err
		}
		wanted := untypedMap("d")
		now, err := maps.Apply(ctx, "d", wanted, metav1.ApplyOptions{FieldManager: "dynamic", Force: true})
		return first(err, expect(len(now.GetManagedFields()) == 2, "%v", now))
	})
	step(client, "informer, delete", func(ctx context.Context) error {
		factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(set, 0, namespace, nil)
		lister := factory.ForResource(configMaps)
		informer := lister.Informer()
		factory.Start(ctx.Done())
		factory.WaitForCacheSync(ctx.Done())
		if _, err := lister.Lister().ByNamespace(namespace).Get("d"); err != nil {
			return err
		}
		if err := maps.Delete(ctx, "d", metav1.DeleteOptions{}); err != nil {
			return err
		}
		return until(ctx, "seen gone", func(context.Context) (bool, error) {
			_, there, err := informer.GetStore().GetByKey(namespace + "/d")
			return !there, err
		})
	})
}

func metadataOnly(config *rest.Config) {
	const client = "metadata client"
	set := metadata.NewForConfigOrDie(config)
	maps := set.Resource(configMaps).Namespace(namespace)
	step(client, "get, list, patch", func(ctx context.Context) error {
		one, err := maps.Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
		if err != nil {
			return err
		}
		list, err := maps.List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) == 0 {
			return fmt.Errorf("listed %v: %v", list, err)
		}
		now, err := maps.Patch(ctx, one.Name, types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"b"}}}`), metav1.PatchOptions{})
		return first(err, expect(now.Labels["a"] == "b", "%v", now))
	})
	step(client, "informer", func(ctx context.Context) error {
		factory := metadatainformer.NewFilteredSharedInformerFactory(set, 0, namespace, nil)
		informer := factory.ForResource(configMaps)
		informer.Informer()
		factory.Start(ctx.Done())
		factory.WaitForCacheSync(ctx.Done())
		_, err := informer.Lister().ByNamespace(namespace).Get("kube-root-ca.crt")
		return err
	})
}
