// Watches the ConfigMaps of one namespace as Go programs do, and prints every event as a line of JSON. Called by tests/wire/observers.py.
//
//	informer -kubeconfig FILE -namespace NAME [-raw]
//
// Without -raw a client-go SharedIndexInformer, which lists again when it cannot take up its watch at once ({"type":"RELIST"}): what it
// tells then is the way from one state to the next. With -raw a watch that takes up again from the last resourceVersion seen, never lists twice, and so has to be told
// each event once. The first line is {"type":"SYNCED"}. Ends with its standard input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

var (
	kubeconfig = flag.String("kubeconfig", "", "cluster to watch")
	namespace  = flag.String("namespace", "default", "namespace to watch")
	raw        = flag.Bool("raw", false, "a watch without an informer")
)

type line struct {
	Type     string `json:"type"`
	Name     string `json:"name,omitempty"`
	UID      string `json:"uid,omitempty"`
	Revision string `json:"revision,omitempty"`
	Before   string `json:"before,omitempty"`
	Value    string `json:"value,omitempty"`
	Message  string `json:"message,omitempty"`
}

// printer writes whole lines, flushed when nothing more comes at once.
type printer struct {
	mutex  sync.Mutex
	output *bufio.Writer
}

func (p *printer) print(l line) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	encoded, err := json.Marshal(l)
	check(err)
	_, err = p.output.Write(append(encoded, '\n'))
	check(err)
	check(p.output.Flush())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "informer:", err)
		os.Exit(1)
	}
}

func describe(kind string, object *corev1.ConfigMap) line {
	return line{Type: kind, Name: object.Name, UID: string(object.UID), Revision: object.ResourceVersion, Value: object.Data["value"]}
}

func main() {
	flag.Parse()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	check(err)
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	check(err)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	out := &printer{output: bufio.NewWriter(os.Stdout)}
	if *raw {
		follow(ctx, client, out)
	} else {
		inform(ctx, client, out)
	}
}

func inform(ctx context.Context, client kubernetes.Interface, out *printer) {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(*namespace))
	informer := factory.Core().V1().ConfigMaps().Informer()
	check(informer.SetWatchErrorHandler(func(_ *cache.Reflector, err error) {
		out.print(line{Type: "RELIST", Message: err.Error()})
	}))
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(added any) { out.print(describe("ADDED", added.(*corev1.ConfigMap))) },
		UpdateFunc: func(before, after any) {
			l := describe("MODIFIED", after.(*corev1.ConfigMap))
			l.Before = before.(*corev1.ConfigMap).ResourceVersion
			out.print(l)
		},
		DeleteFunc: func(deleted any) {
			if unknown, ok := deleted.(cache.DeletedFinalStateUnknown); ok {
				l := describe("DELETED", unknown.Obj.(*corev1.ConfigMap))
				l.Message = "final state unknown"
				out.print(l)
				return
			}
			out.print(describe("DELETED", deleted.(*corev1.ConfigMap)))
		},
	})
	check(err)
	factory.Start(ctx.Done())
	cache.WaitForCacheSync(ctx.Done(), informer.HasSynced)
	out.print(line{Type: "SYNCED"})
	<-ctx.Done()
}

// follow resumes after every end of the connection; an answer of 410 would be an event lost, and is printed.
func follow(ctx context.Context, client kubernetes.Interface, out *printer) {
	list, err := client.CoreV1().ConfigMaps(*namespace).List(ctx, metav1.ListOptions{})
	check(err)
	for i := range list.Items {
		out.print(describe("ADDED", &list.Items[i]))
	}
	revision := list.ResourceVersion
	out.print(line{Type: "SYNCED", Revision: revision})
	for ctx.Err() == nil {
		watcher, err := client.CoreV1().ConfigMaps(*namespace).Watch(ctx, metav1.ListOptions{ResourceVersion: revision, AllowWatchBookmarks: true})
		if err != nil {
			if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
				out.print(line{Type: "GONE", Message: err.Error()})
				return
			}
			time.Sleep(20 * time.Millisecond)
			continue
		}
		revision = consume(watcher, revision, out)
	}
}

// consume prints until the connection ends, and answers with the revision to go on from.
func consume(watcher watch.Interface, revision string, out *printer) string {
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		switch object := event.Object.(type) {
		case *corev1.ConfigMap:
			revision = object.ResourceVersion
			out.print(describe(string(event.Type), object))
		case *metav1.Status: // a broken connection shows as one too
			if object.Code == http.StatusGone {
				out.print(line{Type: "GONE", Message: object.Message})
			}
		}
	}
	return revision
}
