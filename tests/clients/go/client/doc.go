// Package client is generated: `.ci/clients` writes it beside a copy of this file.
package client

// The generated code needs this package. The import keeps it in go.mod, which pins its version.
import _ "github.com/oapi-codegen/runtime"
