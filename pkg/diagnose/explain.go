package diagnose

import (
	"fmt"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/docs/codes"
)

// Explain returns the page of a code, as Markdown: what it means, how it is
// measured, how to mend it, and where that is known from. Case and a missing
// "AKSM" do not matter. An error says that there is no such code.
func Explain(code string) (string, error) {
	name := strings.ToUpper(strings.TrimSpace(code))
	if !strings.HasPrefix(name, "AKSM") {
		name = "AKSM" + name
	}
	for _, c := range Catalogue() {
		if string(c.Code) != name {
			continue
		}
		page, err := codes.Pages.ReadFile(name + ".md")
		if err != nil {
			return "", fmt.Errorf("code %s has no page: %w", name, err)
		}
		return string(page), nil
	}
	return "", fmt.Errorf("there is no code %q: codes are AKSM and three digits, such as %s", code, CodePodsPods)
}
