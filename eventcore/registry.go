package eventcore

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
)

// Registry is a [Codec] that maps type names to Go types, one to one. Its payloads
// are what encoding/json makes of the type. It decodes strictly: a field that the Go
// type does not have is an error, and null is no event. It is safe for concurrent
// use; types may be registered at any time. The zero value has no types.
type Registry struct {
	mu      sync.Mutex // held while registering
	entries atomic.Pointer[entries]
}

// entries is never changed once it is published, so that readers need no lock.
type entries struct {
	byName map[string]*entry
	byType map[reflect.Type]*entry
}

type entry struct {
	name   string
	goType reflect.Type
	decode func(json.RawMessage) (any, error)
}

// NewRegistry returns a registry without types. [Register] adds them.
func NewRegistry() *Registry { return &Registry{} }

func (r *Registry) load() *entries {
	if e := r.entries.Load(); e != nil {
		return e
	}
	return &entries{}
}

// Register maps name to T and back. An event decodes to a T: to a pointer if and
// only if T is one. A name or type that is registered already is refused, as is an
// interface type.
func Register[T any](r *Registry, name string) error {
	goType := reflect.TypeFor[T]()
	if name == "" {
		return fmt.Errorf("eventcore: register %v: the type name is empty", goType)
	}
	if goType.Kind() == reflect.Interface {
		return fmt.Errorf("eventcore: register %q: %v is an interface; register the types that implement it", name, goType)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.load()
	if other := old.byName[name]; other != nil {
		return fmt.Errorf("eventcore: register %q: the name stands for %v already", name, other.goType)
	}
	if other := old.byType[goType]; other != nil {
		return fmt.Errorf("eventcore: register %q: %v has the name %q already", name, goType, other.name)
	}
	added := &entry{name: name, goType: goType, decode: new(jsonDecoders[T]).decode}
	next := &entries{byName: map[string]*entry{name: added}, byType: map[reflect.Type]*entry{goType: added}}
	for _, e := range old.byName {
		next.byName[e.name], next.byType[e.goType] = e, e
	}
	r.entries.Store(next)
	return nil
}

// MustRegister is like [Register] but panics on an error. It is for set-up code
// whose names and types are fixed.
func MustRegister[T any](r *Registry, name string) {
	if err := Register[T](r, name); err != nil {
		panic(err)
	}
}

// Encode implements [Codec].
func (r *Registry) Encode(event any) (string, json.RawMessage, error) {
	if event == nil {
		return "", nil, errors.New("the event is nil")
	}
	found := r.load().byType[reflect.TypeOf(event)]
	if found == nil {
		return "", nil, fmt.Errorf("type %T is not registered; add it with eventcore.Register", event)
	}
	data, err := json.Marshal(event)
	if err == nil && isNull(data) {
		return found.name, nil, errNull
	}
	return found.name, data, err
}

// Decode implements [Codec].
func (r *Registry) Decode(typeName string, data json.RawMessage) (any, error) {
	found := r.load().byName[typeName]
	if found == nil {
		return nil, fmt.Errorf("type name %q is not registered; add its type with eventcore.Register", typeName)
	}
	return found.decode(data)
}
