package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// Codes of [Error] that this package gives. Others are Azure's own.
const (
	CodeNoAzureCLI      = "AzureCLINotFound"
	CodeNotLoggedIn     = "NotLoggedIn"
	CodeUnreachable     = "AzureUnreachable"
	CodeClusterMismatch = "ClusterMismatch"
	CodeStopped         = "ClusterStopped"
	CodeBadState        = "ClusterNotUpdatable"
	CodeNotBYOCNI       = "KubeProxyConfigDisabledBYOCNIOnly" // Azure's word for it, too
	CodeFeature         = "FeatureNotRegistered"
	CodeVersion         = "APIVersionNotSupported"
	CodeChanged         = "PreconditionFailed"
	CodeBusy            = "OperationNotAllowed"
	CodeNotTaken        = "ChangeNotTaken"
)

// Error is an error of Azure's in plain words.
type Error struct {
	Code    string // Azure's error code, or one of this package's
	Status  int    // HTTP; 0 if no answer was the reason
	Message string // what happened: lower case, one line
	Next    string // what to do about it: lower case, one line
	err     error
}

// Error implements error.
func (e *Error) Error() string {
	text := e.Message
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	if e.Next != "" {
		text += "; " + e.Next
	}
	return text
}

// Unwrap returns Azure's own error.
func (e *Error) Unwrap() error { return e.err }

// translate turns an error of a request into an [Error]. doing says what failed,
// as "read managed cluster aks-1". Errors of this package pass unchanged.
func translate(err error, doing string, id ID) error {
	var known *Error
	var response *azcore.ResponseError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", doing, err)
	case !errors.As(err, &response):
		return &Error{
			Code: CodeUnreachable, Message: "cannot " + doing + ": azure resource manager could not be asked: " + firstLine(err.Error()),
			Next: "check the network, a proxy (HTTPS_PROXY) and the name of the cloud", err: err,
		}
	}
	code, message := azureWords(response)
	out := &Error{Code: code, Status: response.StatusCode, err: err}
	for _, t := range translations() {
		if t.match(code, response.StatusCode, message) {
			out.Message, out.Next = "cannot "+doing+": "+t.message, t.next(id)
			if t.code != "" {
				out.Code = t.code
			}
			if t.quote {
				out.Message += ": " + message
			}
			return out
		}
	}
	out.Message = "cannot " + doing + ": azure says: " + message
	return out
}

// azureWords returns the code and the message of ARM's error envelope.
func azureWords(response *azcore.ResponseError) (code, message string) {
	code = response.ErrorCode
	if response.RawResponse == nil {
		return code, code
	}
	raw, err := runtime.Payload(response.RawResponse)
	if err == nil {
		if o, err := decode(raw); err == nil {
			message = digString(o, "error", "message")
			if message == "" {
				message = digString(o, "message")
			}
		}
	}
	if message == "" {
		message = fmt.Sprintf("%d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	return code, firstLine(message)
}

// isStatus says whether err is an answer of Azure's with that HTTP status.
func isStatus(err error, status int) bool {
	var response *azcore.ResponseError
	return errors.As(err, &response) && response.StatusCode == status
}

// hopeless says whether every other request would fail like this one: nobody is
// logged in, or Azure cannot be reached.
func hopeless(err error) bool {
	if err == nil {
		return false
	}
	var response *azcore.ResponseError
	return !errors.As(err, &response) || response.StatusCode == http.StatusUnauthorized
}

// firstLine cuts a text to one line of at most 300 bytes.
func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return strings.TrimSpace(s)
}
