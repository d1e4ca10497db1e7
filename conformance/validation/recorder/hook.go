// Package recorder is laid over upstream's modules (see ../extract.py): validation functions tell it what tests call them with.
package recorder

import (
	"runtime"
	"strings"
)

// Hook is set by the package recording: function name, parameter names, arguments.
var Hook func(test, function string, names []string, arguments []any)

// Called reports a call that a test file makes itself; calls from inside the validation are parts of those.
func Called(function string, names []string, arguments ...any) {
	if Hook == nil {
		return
	}
	if _, file, _, ok := runtime.Caller(2); ok && strings.HasSuffix(file, "_test.go") {
		Hook(test(), function, names, arguments)
	}
}

// Checked reports a call whoever makes it.
func Checked(function string, names []string, arguments ...any) {
	if Hook != nil {
		Hook(test(), function, names, arguments)
	}
}

// test is the outermost Test function on the stack.
func test() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	name := ""
	for {
		frame, more := frames.Next()
		last := frame.Function[strings.LastIndex(frame.Function, "/")+1:]
		for _, part := range strings.Split(last, ".")[1:] {
			if strings.HasPrefix(part, "Test") {
				name = part
			}
		}
		if !more {
			return name
		}
	}
}
