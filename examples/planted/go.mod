module example.org/planted

go 1.26.0

require (
	example.org/minimal v0.0.0
	github.com/eventcore-go/eventcore-sim v0.0.0
)

require (
	github.com/anishathalye/porcupine v1.3.1 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	go.opentelemetry.io/otel v1.47.0 // indirect
	go.opentelemetry.io/otel/metric v1.47.0 // indirect
	go.opentelemetry.io/otel/trace v1.47.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
)

replace (
	example.org/minimal => ../minimal
	github.com/eventcore-go/eventcore-sim => ../..
)
