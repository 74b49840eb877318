package values

import (
	"fmt"
	"io"
	"os"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/strvals"
)

// Parse reads values as Helm does: files first ("-" is stdin), each over the
// one before, then --set expressions. An error is one line that names the file
// or the expression's key, never its value.
func Parse(files, sets []string, stdin io.Reader) (Values, error) {
	all := Values{}
	for _, file := range files {
		v, err := parseFile(file, stdin)
		if err != nil {
			return nil, fmt.Errorf("values file %s: %s", file, oneLine(err))
		}
		all = loader.MergeMaps(all, v)
	}
	for _, expression := range sets {
		key, _, _ := strings.Cut(expression, "=")
		// Helm's words for a bad expression can quote the value.
		if err := strvals.ParseInto(expression, all); err != nil {
			return nil, fmt.Errorf("--set %s: not of the form key=value", key)
		}
	}
	return all, nil
}

func parseFile(name string, stdin io.Reader) (Values, error) {
	if name == "-" {
		return loader.LoadValues(stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return loader.LoadValues(file)
}

// oneLine keeps an error of a YAML parser on the one line that a message has.
func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
