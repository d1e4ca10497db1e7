// Command gotypes prints what the Go packages given as arguments declare, as JSON.
//
// It is called by ../generate.py with pairs "import-path=directory" and parses only syntax: structs with their tags
// and markers (comment lines that begin with "+"), named types, string constants, and which types bring their own JSON.
// Sentences of comments are never printed.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// Field is one field of a struct, in the order of declaration.
type Field struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Tag      string   `json:"tag,omitempty"`
	Embedded bool     `json:"embedded,omitempty"`
	Markers  []string `json:"markers,omitempty"`
}

// Type is a named type: Fields for a struct, Underlying for anything else.
type Type struct {
	Struct     bool     `json:"struct,omitempty"`
	Fields     []Field  `json:"fields,omitempty"`
	Underlying string   `json:"underlying,omitempty"`
	Markers    []string `json:"markers,omitempty"`
	Methods    []string `json:"methods,omitempty"`
	// Constants of this type with literal values, by name.
	Constants map[string]string `json:"constants,omitempty"`
}

// Package is what one directory declares.
type Package struct {
	Group   string           `json:"group"`
	Markers []string         `json:"markers,omitempty"`
	Types   map[string]*Type `json:"types"`
}

func main() {
	packages := map[string]*Package{}
	for _, argument := range os.Args[1:] {
		path, dir, ok := strings.Cut(argument, "=")
		if !ok {
			fail(fmt.Errorf("want import-path=directory, got %q", argument))
		}
		packages[path] = parsePackage(path, dir)
	}
	resolve(packages)
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(packages); err != nil {
		fail(err)
	}
}

func parsePackage(path, dir string) *Package {
	result := &Package{Types: map[string]*Type{}}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		fail(fmt.Errorf("no Go files in %s (%v)", dir, err))
	}
	sort.Strings(names)
	files := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			fail(err)
		}
		reader := &reader{path: path, imports: importsOf(file), result: result}
		result.Markers = append(result.Markers, markers(file.Doc)...)
		for _, declaration := range file.Decls {
			reader.declaration(declaration)
		}
	}
	return result
}

type reader struct {
	path    string
	imports map[string]string
	result  *Package
}

func (r *reader) named(name string) *Type {
	if r.result.Types[name] == nil {
		r.result.Types[name] = &Type{}
	}
	return r.result.Types[name]
}

func (r *reader) declaration(declaration ast.Decl) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil && d.Name.IsExported() {
			t := r.named(receiver(d.Recv.List[0].Type))
			t.Methods = append(t.Methods, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				r.typeSpec(d, s)
			case *ast.ValueSpec:
				r.valueSpec(d.Tok, s)
			}
		}
	}
}

func (r *reader) typeSpec(d *ast.GenDecl, s *ast.TypeSpec) {
	t := r.named(s.Name.Name)
	t.Markers = append(markers(d.Doc), markers(s.Doc)...)
	structure, ok := s.Type.(*ast.StructType)
	if !ok {
		t.Underlying = r.expression(s.Type)
		return
	}
	t.Struct = true
	for _, field := range structure.Fields.List {
		t.Fields = append(t.Fields, r.field(field)...)
	}
}

func (r *reader) field(field *ast.Field) []Field {
	base := Field{Type: r.expression(field.Type), Markers: markers(field.Doc)}
	if field.Tag != nil {
		base.Tag, _ = strconv.Unquote(field.Tag.Value)
	}
	if len(field.Names) == 0 {
		base.Embedded = true
		base.Name = base.Type[strings.LastIndexAny(base.Type, "*.")+1:]
		return []Field{base}
	}
	var result []Field
	for _, name := range field.Names {
		if name.IsExported() {
			base.Name = name.Name
			result = append(result, base)
		}
	}
	return result
}

// valueSpec notes a constant: X T = "v", X = T("v"), X = "v" or X = T(other), whose value resolve fills in.
func (r *reader) valueSpec(tok token.Token, s *ast.ValueSpec) {
	if tok != token.CONST || len(s.Values) != 1 {
		return
	}
	name, value := s.Names[0].Name, s.Values[0]
	typeName := s.Type
	if call, ok := value.(*ast.CallExpr); ok && len(call.Args) == 1 {
		typeName, value = call.Fun, call.Args[0]
	}
	text := ""
	switch v := value.(type) {
	case *ast.BasicLit:
		if v.Kind != token.STRING {
			return
		}
		text, _ = strconv.Unquote(v.Value)
		constants[r.path+"."+name] = text
	case *ast.Ident, *ast.SelectorExpr:
		text = reference + r.expression(v)
	default:
		return
	}
	if name == "GroupName" {
		r.result.Group = text
	}
	if kind, ok := typeName.(*ast.Ident); ok && ast.IsExported(kind.Name) {
		t := r.named(kind.Name)
		if t.Constants == nil {
			t.Constants = map[string]string{}
		}
		t.Constants[name] = text
	}
}

// reference marks a constant's value that is the name of another constant.
const reference = "\x00"

// constants holds every string constant read so far, by import path and name.
var constants = map[string]string{}

// resolve replaces references by values and drops those that point outside the packages read.
func resolve(packages map[string]*Package) {
	for _, p := range packages {
		for _, t := range p.Types {
			for name, value := range t.Constants {
				other, ok := strings.CutPrefix(value, reference)
				if !ok {
					continue
				}
				if t.Constants[name], ok = constants[other]; !ok {
					delete(t.Constants, name)
				}
			}
		}
	}
}

// expression prints a type with import paths in place of package names: "[]*k8s.io/api/core/v1.Pod".
func (r *reader) expression(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.Ident:
		if ast.IsExported(t.Name) {
			return r.path + "." + t.Name
		}
		return t.Name
	case *ast.SelectorExpr:
		return r.imports[t.X.(*ast.Ident).Name] + "." + t.Sel.Name
	case *ast.StarExpr:
		return "*" + r.expression(t.X)
	case *ast.ArrayType:
		return "[]" + r.expression(t.Elt)
	case *ast.MapType:
		return "map[" + r.expression(t.Key) + "]" + r.expression(t.Value)
	case *ast.InterfaceType:
		return "any"
	default:
		return "?"
	}
}

func receiver(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return "?"
}

func markers(group *ast.CommentGroup) []string {
	if group == nil {
		return nil
	}
	var result []string
	for _, comment := range group.List {
		line := strings.TrimSpace(strings.TrimPrefix(comment.Text, "//"))
		if strings.HasPrefix(line, "+") && len(line) > 1 && line[1] >= 'a' && line[1] <= 'z' {
			result = append(result, line[1:])
		}
	}
	return result
}

func importsOf(file *ast.File) map[string]string {
	result := map[string]string{}
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		result[name] = path
	}
	return result
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "gotypes:", err)
	os.Exit(1)
}
