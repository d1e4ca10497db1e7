// Puts one kind of load on an API server with client-go and prints the rate as JSON. Called by benchmarks/__main__.py.
//
//	load -kubeconfig FILE -row get-configmap -workers 16 -seconds 4
//
// Each row prepares its objects first; only the timed part counts. It says READY on stderr and waits for a line on stdin, so that the
// caller can read the server's CPU time before it starts. cluster.go holds the rows that need a scheduler.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var (
	kubeconfig = flag.String("kubeconfig", "", "cluster to load")
	row        = flag.String("row", "", "what to do")
	workers    = flag.Int("workers", 16, "concurrent workers")
	seconds    = flag.Float64("seconds", 4, "how long a timed row runs")
	objects    = flag.Int("objects", 5000, "objects that list rows read")
	watchers   = flag.Int("watchers", 100, "watchers of the fan-out row")
	events     = flag.Int("events", 500, "events of the fan-out row")
	nodes      = flag.Int("nodes", 1000, "nodes of the scheduling rows; made if they are not there")
	pods       = flag.Int("pods", 3000, "pods of the scheduling rows")
)

const namespace = "load"

type result struct {
	Row        string  `json:"row"`
	Operations int64   `json:"operations"`
	Seconds    float64 `json:"seconds"`
}

// connections: one client a worker, as one HTTP/2 connection would otherwise carry all of them on one server only.
func config() *rest.Config {
	c, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	check(err)
	c.QPS, c.Burst = -1, 0
	c.ContentType = "application/json"
	c.AcceptContentTypes = "application/json"
	return c
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// timed waits for the caller to be ready (a line on stdin), then runs work.
func timed(work func() int64) {
	fmt.Fprintln(os.Stderr, "READY")
	bufio.NewReader(os.Stdin).ReadString('\n')
	start := time.Now()
	n := work()
	json.NewEncoder(os.Stdout).Encode(result{*row, n, time.Since(start).Seconds()})
	os.Stdout.Sync()
}

// each runs op on all workers until the time is up and returns how often it was done.
func each(op func(worker, i int) error) int64 {
	var done atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(time.Duration(*seconds * float64(time.Second)))
	for w := 0; w < *workers; w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; time.Now().Before(end); i++ {
				check(op(w, i))
				done.Add(1)
			}
		}()
	}
	wg.Wait()
	return done.Load()
}

// count runs op n times in all.
func count(n int, op func(i int) error) int64 {
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := 0; w < *workers; w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				check(op(int(i)))
			}
		}()
	}
	wg.Wait()
	return int64(n)
}

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "load"}},
		Data:       map[string]string{"key": "value", "text": "some words that make the object of an ordinary size, as one would find it in a cluster"},
	}
}

func pod(name string, i int) *corev1.Pod {
	no := false
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "load", "tenth": fmt.Sprint(i % 10)}},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: &no,
			Containers: []corev1.Container{{
				Name: "main", Image: "registry.example/app:1.0", Command: []string{"/app", "--serve"},
				Env:   []corev1.EnvVar{{Name: "A", Value: "1"}, {Name: "B", Value: "2"}},
				Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
			}},
		},
	}
}

func main() {
	flag.Parse()
	ctx := context.Background()
	client, err := kubernetes.NewForConfig(config())
	check(err)
	client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	maps, podsOf := client.CoreV1().ConfigMaps(namespace), client.CoreV1().Pods(namespace)
	unique := time.Now().UnixNano()
	name := func(w, i int) string { return fmt.Sprintf("%s-%x-%d-%d", *row, unique, w, i) }
	perWorker := func() {
		for w := 0; w < *workers; w++ {
			_, err := maps.Create(ctx, configMap(name(w, 0)), metav1.CreateOptions{})
			check(err)
		}
	}
	switch *row {
	case "get-configmap":
		perWorker()
		timed(func() int64 {
			return each(func(w, i int) error { _, err := maps.Get(ctx, name(w, 0), metav1.GetOptions{}); return err })
		})
	case "create-configmap":
		timed(func() int64 {
			return each(func(w, i int) error {
				_, err := maps.Create(ctx, configMap(name(w, i)), metav1.CreateOptions{})
				return err
			})
		})
	case "update-configmap":
		perWorker()
		timed(func() int64 {
			return each(func(w, i int) error {
				m := configMap(name(w, 0))
				m.Data["key"] = fmt.Sprint(i)
				_, err := maps.Update(ctx, m, metav1.UpdateOptions{})
				return err
			})
		})
	case "patch-configmap":
		perWorker()
		timed(func() int64 {
			return each(func(w, i int) error {
				_, err := maps.Patch(ctx, name(w, 0), types.StrategicMergePatchType, []byte(fmt.Sprintf(`{"data":{"key":"%d"}}`, i)), metav1.PatchOptions{})
				return err
			})
		})
	case "apply-configmap":
		timed(func() int64 {
			return each(func(w, i int) error {
				body := fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s"},"data":{"key":"%d"}}`, name(w, 0), i)
				force := true
				_, err := maps.Patch(ctx, name(w, 0), types.ApplyPatchType, []byte(body), metav1.PatchOptions{FieldManager: "load", Force: &force})
				return err
			})
		})
	case "create-pod":
		timed(func() int64 {
			return each(func(w, i int) error {
				_, err := podsOf.Create(ctx, pod(name(w, i), i), metav1.CreateOptions{})
				return err
			})
		})
	case "patch-pod-status":
		for w := 0; w < *workers; w++ {
			_, err := podsOf.Create(ctx, pod(name(w, 0), 0), metav1.CreateOptions{})
			check(err)
		}
		timed(func() int64 {
			return each(func(w, i int) error {
				body := fmt.Sprintf(`{"status":{"phase":"Running","podIP":"10.1.%d.%d","conditions":[{"type":"Ready","status":"True"}]}}`, i/250%250, i%250+1)
				_, err := podsOf.Patch(ctx, name(w, 0), types.StrategicMergePatchType, []byte(body), metav1.PatchOptions{}, "status")
				return err
			})
		})
	case "delete-configmap":
		n := int(*seconds * 1500)
		count(n, func(i int) error {
			_, err := maps.Create(ctx, configMap(name(0, i)), metav1.CreateOptions{})
			return err
		})
		timed(func() int64 {
			return count(n, func(i int) error { return maps.Delete(ctx, name(0, i), metav1.DeleteOptions{}) })
		})
	case "fill-pods":
		list, err := podsOf.List(ctx, metav1.ListOptions{Limit: 1})
		check(err)
		have := len(list.Items)
		if list.RemainingItemCount != nil {
			have += int(*list.RemainingItemCount)
		}
		timed(func() int64 {
			return count(max(0, *objects-have), func(i int) error {
				_, err := podsOf.Create(ctx, pod(name(0, i), i), metav1.CreateOptions{})
				return err
			})
		})
	case "list-pods":
		timed(func() int64 { return reads(client, "") })
	case "list-pods-pages":
		timed(func() int64 {
			var n int64
			for end := time.Now().Add(time.Duration(*seconds * float64(time.Second))); time.Now().Before(end); n++ {
				for token := ""; ; {
					raw, err := client.CoreV1().RESTClient().Get().Namespace(namespace).Resource("pods").Param("limit", "500").Param("continue", token).DoRaw(ctx)
					check(err)
					token = headOf(raw)
					if token == "" {
						break
					}
				}
			}
			return n
		})
	case "list-pods-label":
		timed(func() int64 { return reads(client, "tenth=3") })
	case "watch-fanout":
		fanOut(ctx, client)
	case "bind-pods":
		bindPods(ctx, client)
	case "deployment-bound":
		deploy(ctx, client, isBound)
	case "deployment-running":
		deploy(ctx, client, isRunning)
	default:
		check(fmt.Errorf("unknown row %q", *row))
	}
}

// headOf finds metadata.continue without decoding the items.
func headOf(raw []byte) string {
	decoder := json.NewDecoder(newPrefix(raw))
	for {
		token, err := decoder.Token()
		if err != nil || token == "items" {
			return ""
		}
		if token == "continue" {
			value, _ := decoder.Token()
			text, _ := value.(string)
			return text
		}
	}
}

type prefix struct{ rest []byte }

func newPrefix(raw []byte) io.Reader { return &prefix{raw} }

func (p *prefix) Read(into []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(into[:min(len(into), 512)], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// reads lists until the time is up, one worker, bytes only.
func reads(client *kubernetes.Clientset, selector string) int64 {
	ctx := context.Background()
	var n int64
	for end := time.Now().Add(time.Duration(*seconds * float64(time.Second))); time.Now().Before(end); n++ {
		request := client.CoreV1().RESTClient().Get().Namespace(namespace).Resource("pods")
		if selector != "" {
			request = request.Param("labelSelector", selector)
		}
		body, err := request.Stream(ctx)
		check(err)
		_, err = io.Copy(io.Discard, body)
		check(err)
		body.Close()
	}
	return n
}

// fanOut opens watchers, each on a connection of its own, then writes and waits until all have seen everything.
func fanOut(ctx context.Context, client *kubernetes.Clientset) {
	var seen atomic.Int64
	var wg sync.WaitGroup
	list, err := client.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{Limit: 1})
	check(err)
	for w := 0; w < *watchers; w++ {
		body, err := client.CoreV1().RESTClient().Get().Namespace(namespace).Resource("configmaps").
			Param("watch", "true").Param("resourceVersion", list.ResourceVersion).Stream(ctx)
		check(err)
		wg.Add(1)
		go func() {
			defer wg.Done()
			scanner := bufio.NewScanner(body)
			scanner.Buffer(make([]byte, 0, 1<<20), 1<<20)
			for i := 0; i < *events && scanner.Scan(); i++ {
				seen.Add(1)
			}
			body.Close()
		}()
	}
	maps := client.CoreV1().ConfigMaps(namespace)
	unique := time.Now().UnixNano()
	timed(func() int64 {
		count(*events, func(i int) error {
			_, err := maps.Create(ctx, configMap(fmt.Sprintf("fan-%x-%d", unique, i)), metav1.CreateOptions{})
			return err
		})
		wg.Wait()
		return seen.Load()
	})
}
