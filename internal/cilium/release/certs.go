package release

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"reflect"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// certFunctions replaces the template function genSignedCert, by which the
// chart makes some five certificates for each cluster. Sprig's takes a 2048 bit
// RSA key for each, which is half of the time that an install computes. With a
// P-256 key, as the mesh's CA has one, it is no time at all; the rest is
// Sprig's as ever.
func certFunctions() (template.FuncMap, error) {
	sign := reflect.ValueOf(sprig.TxtFuncMap()["genSignedCertWithKey"])
	const parameters = 6 // name, IPs, DNS names, days, CA, key
	if sign.Kind() != reflect.Func || sign.Type().NumIn() != parameters || sign.Type().NumOut() != 2 {
		return nil, errors.New("sprig's genSignedCertWithKey is not the function that it was")
	}
	// Sprig does not export the type of ca, and of what is returned.
	return template.FuncMap{"genSignedCert": func(name string, ips, dns []any, days int, ca any) (any, error) {
		if given := reflect.TypeOf(ca); given == nil || !given.AssignableTo(sign.Type().In(parameters-2)) {
			return nil, fmt.Errorf("genSignedCert: the CA is a %T", ca)
		}
		key, err := newKey()
		if err != nil {
			return nil, err
		}
		var in []reflect.Value
		for _, argument := range []any{name, ips, dns, days, ca, key} {
			in = append(in, reflect.ValueOf(argument))
		}
		out := sign.Call(in)
		err, _ = out[1].Interface().(error)
		return out[0].Interface(), err
	}}, nil
}

// newKey makes a P-256 key, in PEM.
func newKey() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("making a key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("encoding a key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})), nil
}
