// Does with client-go (typed, dynamic and metadata clients) and controller-runtime what programs do with a cluster; one line for each step:
// `client step: pass` or `client step: fail: why`. $KUBECONFIG names the cluster, $NAMESPACE a fresh namespace. Called by conformance/clients/runner.py.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var namespace = os.Getenv("NAMESPACE")

// step runs one step and reports it.
func step(client, name string, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	if err := do(ctx); err != nil {
		fmt.Printf("%s %s: fail: %s\n", client, name, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Printf("%s %s: pass\n", client, name)
}

// until waits for a condition.
func until(ctx context.Context, what string, holds func(context.Context) (bool, error)) error {
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 30*time.Second, true, holds)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func expect(holds bool, format string, arguments ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, arguments...)
}

func first(results ...error) error {
	return errors.Join(results...)
}

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		panic(err)
	}
	config.QPS = -1
	for _, run := range []func(*rest.Config){typed, untyped, metadataOnly, controllerRuntime} {
		run(config)
	}
}
