//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// flow is who asks whom, as every form of status shows it.
type flow struct{ From, Client, To, Service, Port string }

// asks is the load in one cluster that is answered by the demo application in
// another: its port is the endpoint's.
func asks(from, to string) flow {
	return flow{From: from, Client: "load", To: to, Service: "default/" + app, Port: "TCP 8080"}
}

// jsonFlows reads the connections of namespace default, and how many there are.
func jsonFlows(t *testing.T, text string) map[flow]int {
	t.Helper()
	counts := map[flow]int{}
	report := flowsOf(t, text)
	t.Logf("flows in %.1f s: %+v; %d of others", report.Seconds, report.Sources, report.Aside)
	for i := range report.Edges {
		e := &report.Edges[i]
		if e.From.Namespace != "default" && e.To.Namespace != "default" {
			continue
		}
		if e.Dropped > 0 {
			t.Errorf("%d connections were dropped: %+v", e.Dropped, *e)
		}
		counts[flow{e.From.Cluster, e.From.Name, e.To.Cluster, e.Service, fmt.Sprint(e.Protocol, " ", e.Port)}] += e.Connections
	}
	return counts
}

var (
	mermaidEnd   = regexp.MustCompile(`^    (f\d+)\(\["(?:service )?(.*)<br/>cluster (.*) · (.*)"\]\)$`)
	mermaidArrow = regexp.MustCompile(`^  (f\d+) ==>\|"(\d+) #215; (.*)"\| (f\d+)$`)
)

func mermaidFlows(t *testing.T, text string) map[flow]int {
	t.Helper()
	type end struct{ name, cluster, below string }
	ends, counts := map[string]end{}, map[flow]int{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := mermaidEnd.FindStringSubmatch(line); m != nil {
			ends[m[1]] = end{m[2], m[3], m[4]}
		}
		if m := mermaidArrow.FindStringSubmatch(line); m != nil {
			from, to := ends[m[1]], ends[m[4]]
			if from.below == "default" || strings.HasPrefix(to.name, "default/") {
				counts[flow{from.cluster, from.name, to.cluster, to.name, m[3]}] += number(t, m[2])
			}
		}
	}
	return counts
}

// htmlFlows reads the rows of the page's table.
func htmlFlows(t *testing.T, text string) map[flow]int {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[flow]int{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "tr" {
			continue
		}
		cells := cellsOf(n)
		if len(cells) != 5 || !strings.Contains(cells[0], " / ") {
			continue // of another table
		}
		from, to := strings.Split(cells[0], " / "), strings.Split(cells[1], " / ")
		_, service, _ := strings.Cut(to[2], "service ")
		if from[1] == "default" || to[1] == "default" {
			counts[flow{from[0], from[2], to[0], service, cells[2]}] += number(t, cells[3])
		}
	}
	return counts
}

// cellsOf are the texts of a row's cells.
func cellsOf(row *html.Node) []string {
	var cells []string
	for cell := range row.ChildNodes() {
		if cell.Data != "td" {
			continue
		}
		var text strings.Builder
		for n := range cell.Descendants() {
			if n.Type == html.TextNode {
				text.WriteString(n.Data)
			}
		}
		cells = append(cells, text.String())
	}
	return cells
}

func number(t *testing.T, text string) int {
	t.Helper()
	return must[int](t)(strconv.Atoi(text))
}
