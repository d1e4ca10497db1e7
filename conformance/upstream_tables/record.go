// Package record writes down what unit tests ask and what they are answered: a JSON object a line, into the file named by KCOMPAT_RECORD.
// The hooks that record.py writes into upstream's packages call it.
package record

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"sort"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/batch"
	"k8s.io/kubernetes/pkg/apis/core"

	_ "k8s.io/kubernetes/pkg/apis/admission/install"
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/authentication/install"
	_ "k8s.io/kubernetes/pkg/apis/authorization/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/certificates/install"
	_ "k8s.io/kubernetes/pkg/apis/coordination/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	_ "k8s.io/kubernetes/pkg/apis/events/install"
	_ "k8s.io/kubernetes/pkg/apis/flowcontrol/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	_ "k8s.io/kubernetes/pkg/apis/resource/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	_ "k8s.io/kubernetes/pkg/apis/storagemigration/install"
)

var lock sync.Mutex

// Versioned gives the object as a server shows it; nil for a nil pointer or what has no served form.
func Versioned(value any) any {
	object, ok := whole(value).(runtime.Object)
	if !ok || reflect.ValueOf(object).IsNil() {
		return nil
	}
	kinds, _, err := legacyscheme.Scheme.ObjectKinds(object)
	if err != nil {
		return nil
	}
	// some kinds are of several groups inside: events of the core one, Scale of autoscaling
	sort.Slice(kinds, func(i, j int) bool { return rank(kinds[i]) < rank(kinds[j]) })
	for _, kind := range kinds {
		version := kind.GroupVersion()
		if version.Version == runtime.APIVersionInternal {
			version = legacyscheme.Scheme.PrioritizedVersionsForGroup(kind.Group)[0]
		}
		data, err := runtime.Encode(legacyscheme.Codecs.LegacyCodec(version), object.DeepCopyObject())
		if err == nil {
			return json.RawMessage(data)
		}
	}
	return nil
}

// Parts of objects are shown inside the smallest whole.
func whole(value any) any {
	switch part := value.(type) {
	case *core.PodTemplateSpec:
		if part != nil {
			return &core.PodTemplate{Template: *part}
		}
	case *batch.JobSpec:
		if part != nil {
			return &batch.Job{Spec: *part}
		}
	}
	return value
}

func rank(kind schema.GroupVersionKind) int {
	return slices.Index([]string{"", "autoscaling"}, kind.Group) & 0xff
}

// Default is runtime.Scheme's, recorded.
func Default(scheme *runtime.Scheme, object runtime.Object) {
	entry := map[string]any{"function": "Default", "objects": []any{Versioned(object)}}
	scheme.Default(object)
	entry["answer"] = Versioned(object)
	Line(entry)
}

// Ignore stands for the tests' setting of feature gates: what is recorded is what a server without flags does.
func Ignore(...any) {}

// Line writes what was asked and answered.
func Line(entry map[string]any) {
	entry["now"] = time.Now().UTC().Format(time.RFC3339Nano)
	data, err := json.Marshal(entry)
	if err != nil {
		data, _ = json.Marshal(map[string]any{"failed": err.Error(), "function": entry["function"]})
	}
	lock.Lock()
	defer lock.Unlock()
	file, err := os.OpenFile(os.Getenv("KCOMPAT_RECORD"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	file.Write(append(data, '\n'))
}
