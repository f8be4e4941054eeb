package eventcore

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// TaggedCommand is a [Command] that declares its streams by struct tags; see [Tagged].
type TaggedCommand[S, E any] interface {
	Apply(state S, event Event[E]) S
	Handle(state S) ([]Emit[E], error)
}

// Tagged makes a [Command] of a struct, or of a pointer to one, whose fields with the tag
// `stream:""` are the streams that it declares: fields of type [StreamID] or []StreamID,
// also those of structs in it that have the tag themselves or are embedded. They are
// declared in the order in which they stand. Everything else is as for the command
// itself: it may be a [Discoverer], a [Snapshotter] and a [StateCodec].
//
//	type Transfer struct {
//		From   eventcore.StreamID `stream:""`
//		To     eventcore.StreamID `stream:""`
//		Amount int64
//	}
//
// The tags of a type are checked once. A command without a tagged field, a tag on a field
// of another type or on one that is not exported, a stream that is the zero value and one
// that is there twice are errors that name the fields. It is not a method on the command
// because Streams has no way to return them.
func Tagged[S, E any](command TaggedCommand[S, E]) (Command[S, E], error) {
	streams, err := taggedStreams(command)
	if err != nil {
		return nil, fmt.Errorf("eventcore: command %T: %w", command, err)
	}
	return &tagged[S, E]{command, streams}, nil
}

type tagged[S, E any] struct {
	TaggedCommand[S, E]
	streams []StreamID
}

// Streams implements [Command].
func (t *tagged[S, E]) Streams() []StreamID { return t.streams }

func (t *tagged[S, E]) untagged() any { return t.TaggedCommand }

// untagged returns the command that may implement more than [Command].
func untagged(command any) any {
	if t, ok := command.(interface{ untagged() any }); ok {
		return t.untagged()
	}
	return command
}

// taggedField is where a stream is in a struct.
type taggedField struct {
	name  string
	index []int
}

// taggedTypes has what is known of types: reflect.Type → taggedType.
var taggedTypes sync.Map

type taggedType struct {
	fields []taggedField
	err    error
}

func taggedStreams(command any) ([]StreamID, error) {
	value := reflect.ValueOf(command)
	if value.Kind() == reflect.Pointer {
		if value.IsNil() {
			return nil, errors.New("it is a nil pointer")
		}
		value = value.Elem()
	}
	if value.Kind() != reflect.Struct {
		return nil, errors.New("it is not a struct; declare its streams in a method Streams")
	}
	known, ok := taggedTypes.Load(value.Type())
	if !ok {
		known, _ = taggedTypes.LoadOrStore(value.Type(), inspect(value.Type()))
	}
	of, _ := known.(taggedType)
	if of.err != nil {
		return nil, of.err
	}
	return of.streams(value)
}

// inspect finds the tagged fields of a type.
func inspect(t reflect.Type) taggedType {
	var of taggedType
	of.err = of.inspect(t, "", nil)
	if of.err == nil && len(of.fields) == 0 {
		of.err = errors.New("no field has the tag `stream:\"\"`; give it to the StreamIDs that the command reads")
	}
	return of
}

func (of *taggedType) inspect(t reflect.Type, prefix string, index []int) error {
	for i := range t.NumField() {
		field := t.Field(i)
		tag, has := field.Tag.Lookup("stream")
		name, at := prefix+field.Name, append(slices.Clip(index), i)
		isStruct := field.Type.Kind() == reflect.Struct && field.Type != reflect.TypeFor[StreamID]()
		switch {
		case field.Anonymous && isStruct, has && isStruct:
			if err := of.inspect(field.Type, name+".", at); err != nil {
				return err
			}
		case !has:
		case tag != "":
			return fmt.Errorf("field %s: the tag `stream:%q` takes no value; write `stream:\"\"`", name, tag)
		case !field.IsExported():
			return fmt.Errorf("field %s has the tag `stream:\"\"` and is not exported; export it", name)
		case field.Type != reflect.TypeFor[StreamID]() && field.Type != reflect.TypeFor[[]StreamID]():
			return fmt.Errorf("field %s has the tag `stream:\"\"` and is a %s; make it a StreamID or a []StreamID", name, field.Type)
		default:
			of.fields = append(of.fields, taggedField{name, at})
		}
	}
	return nil
}

// streams returns what is in the fields.
func (of *taggedType) streams(value reflect.Value) ([]StreamID, error) {
	var streams []StreamID
	var names []string
	for _, field := range of.fields {
		switch found := value.FieldByIndex(field.index).Interface().(type) {
		case StreamID:
			streams, names = append(streams, found), append(names, field.name)
		case []StreamID:
			for i, id := range found {
				streams, names = append(streams, id), append(names, fmt.Sprintf("%s[%d]", field.name, i))
			}
		}
	}
	for i, id := range streams {
		if id.IsZero() {
			return nil, fmt.Errorf("stream %s is empty; make it with ParseStreamID", names[i])
		}
		for j := range i {
			if streams[j] == id {
				return nil, fmt.Errorf("streams %s and %s are both %q", names[j], names[i], id)
			}
		}
	}
	if len(streams) == 0 {
		return nil, fmt.Errorf("it declares no stream: %s is empty", strings.Join(fieldNames(of.fields), " and "))
	}
	return streams, nil
}

func fieldNames(fields []taggedField) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}
