package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// answers counts answers by title, and failures by error.
type answers struct{ titles, failures map[string]int }

// ask asks a URL one request after another, each over a new connection, so
// that each is balanced anew.
func ask(ctx context.Context, url string, count int, timeout time.Duration) answers {
	client := &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
	a := answers{titles: map[string]int{}, failures: map[string]int{}}
	for range count {
		if ctx.Err() != nil {
			break
		}
		title, err := askOnce(ctx, client, url)
		if err != nil {
			a.failures[err.Error()]++
			continue
		}
		a.titles[title]++
	}
	return a
}

func askOnce(ctx context.Context, client *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", err
	}
	return title(string(body))
}

// title finds the title of an HTML page.
func title(page string) (string, error) {
	_, rest, opened := strings.Cut(page, "<title>")
	text, _, closed := strings.Cut(rest, "</title>")
	if !opened || !closed {
		return "", fmt.Errorf("an answer without a title: %.60q", page)
	}
	return strings.TrimSpace(text), nil
}

// print writes counts, most frequent first. Failures make it an error.
func (a answers) print(out io.Writer) error {
	for _, counts := range []map[string]int{a.titles, a.failures} {
		var texts []string
		for text := range counts {
			texts = append(texts, text)
		}
		slices.SortFunc(texts, func(x, y string) int {
			return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y))
		})
		for _, text := range texts {
			if _, err := fmt.Fprintf(out, "%d %s\n", counts[text], text); err != nil {
				return err
			}
		}
	}
	failed := 0
	for _, n := range a.failures {
		failed += n
	}
	if failed > 0 {
		return fmt.Errorf("%d requests failed", failed)
	}
	return nil
}
