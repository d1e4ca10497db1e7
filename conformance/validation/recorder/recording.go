// Package recording writes what recorder.Hook hears as JSON lines, in the versions that a server serves. Laid over upstream's modules.
package recording

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"sync"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
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
	recorder "k8s.io/kubernetes/pkg/kcompatrecorder"
)

// Part is an argument: a served object or a part of one.
type Part struct {
	Name      string          `json:"name"`
	Type      string          `json:"type"`
	Given     json.RawMessage `json:"given"`
	Defaulted json.RawMessage `json:"defaulted,omitempty"`
}

// Call is a line of the output.
type Call struct {
	Test     string `json:"test"`
	Function string `json:"function"`
	Parts    []Part `json:"parts"`
}

var (
	output  *os.File
	lock    sync.Mutex
	served  = map[string]reflect.Type{}
	kinds   = map[reflect.Type]string{}
	scheme  = legacyscheme.Scheme
	version = []string{"v2", "v1"}
)

func init() {
	file := os.Getenv("KCOMPAT_RECORDING")
	if file == "" {
		return
	}
	opened, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	output = opened
	apiextensions.Install(scheme)
	for kind, known := range scheme.AllKnownTypes() {
		if kind.Version == "v1" || kind.Version == "v2" {
			kinds[known] = kind.GroupVersion().String() + "/" + kind.Kind
			collect(known)
		}
	}
	recorder.Hook = record
}

// collect keeps every struct type that a served kind is made of.
func collect(found reflect.Type) {
	switch found.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collect(found.Elem())
	case reflect.Struct:
		name := found.PkgPath() + "." + found.Name()
		if _, known := served[name]; known {
			return
		}
		served[name] = found
		for i := range found.NumField() {
			collect(found.Field(i).Type)
		}
	}
}

func record(test, function string, names []string, arguments []any) {
	lock.Lock()
	defer lock.Unlock()
	defer func() { _ = recover() }() // arguments that only a test can make (nil where an object must be)
	call := Call{Test: test, Function: function}
	for i, argument := range arguments {
		value := reflect.ValueOf(argument)
		for value.IsValid() && value.Kind() == reflect.Interface {
			value = value.Elem()
		}
		if part, ok := part(value); ok {
			part.Name = names[i]
			call.Parts = append(call.Parts, part)
		}
	}
	if len(call.Parts) > 0 {
		line, _ := json.Marshal(call)
		_, _ = output.Write(append(line, '\n'))
	}
}

func part(value reflect.Value) (Part, bool) {
	if !value.IsValid() {
		return Part{}, false
	}
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			return Part{}, false
		}
		return one(value)
	case reflect.Struct:
		copied := reflect.New(value.Type())
		copied.Elem().Set(value)
		return one(copied)
	case reflect.Slice:
		return many(value)
	}
	return Part{}, false
}

func many(values reflect.Value) (Part, bool) {
	items, name := []json.RawMessage{}, ""
	for i := range values.Len() {
		item, ok := part(values.Index(i))
		if !ok {
			return Part{}, false
		}
		items, name = append(items, item.Given), item.Type
	}
	given, _ := json.Marshal(items)
	return Part{Type: "[]" + name, Given: given}, name != ""
}

// one converts what a pointer points to into the version served.
func one(pointer reflect.Value) (Part, bool) {
	target, ok := counterpart(pointer.Elem().Type())
	if !ok {
		return Part{}, false
	}
	result := pointer
	if target != pointer.Elem().Type() {
		result = reflect.New(target)
		if err := scheme.Convert(pointer.Interface(), result.Interface(), nil); err != nil {
			return Part{}, false
		}
	}
	given, err := json.Marshal(result.Interface())
	if err != nil {
		return Part{}, false
	}
	made := Part{Type: strings.TrimPrefix(target.PkgPath(), "k8s.io/api/") + "." + target.Name(), Given: given}
	if kind, root := kinds[target]; root {
		made.Type = kind
		if object, ok := result.Interface().(runtime.Object); ok {
			copied := object.DeepCopyObject()
			scheme.Default(copied)
			made.Defaulted, _ = json.Marshal(copied)
		}
	}
	return made, true
}

func counterpart(internal reflect.Type) (reflect.Type, bool) {
	path := internal.PkgPath()
	if found, ok := served[path+"."+internal.Name()]; ok {
		return found, true
	}
	group, ok := strings.CutPrefix(path, "k8s.io/kubernetes/pkg/apis/")
	prefix := "k8s.io/api/"
	if !ok {
		group, ok = strings.CutPrefix(path, "k8s.io/apiextensions-apiserver/pkg/apis/")
		prefix = "k8s.io/apiextensions-apiserver/pkg/apis/"
	}
	if !ok {
		return nil, false
	}
	for _, v := range version {
		if found, known := served[prefix+group+"/"+v+"."+internal.Name()]; known {
			return found, true
		}
	}
	return nil, false
}
