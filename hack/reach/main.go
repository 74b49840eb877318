// Command reach says by its exit code whether an address answers with success:
// 0 if it does, 1 with the reason if not. It is here because curl need not be.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"
)

// patience is how long an address may take to answer.
const patience = 20 * time.Second

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "error: say which address: reach URL")
		os.Exit(1)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	err := reach(ctx, os.Args[1])
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func reach(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, response.Status)
	}
	return nil
}
