// Package policies reads network policies as Cilium does, and says what they
// come to for pods of a mesh: whom they select, whom they mean, on which ports.
// What follows from that is for those who ask.
package policies

// Answer is what is known of a question. The least of several is what holds
// for all of them, the most what holds for one.
type Answer int

// Answers, from the least to the most.
const (
	No Answer = iota
	Maybe
	Yes
)

func answer(holds bool) Answer {
	if holds {
		return Yes
	}
	return No
}

// items is a list in plain data; empty for anything else.
func items(raw any) []any {
	list, _ := raw.([]any)
	return list
}

// objects are the objects in a list of plain data.
func objects(raw any) []map[string]any {
	list := items(raw)
	all := make([]map[string]any, 0, len(list))
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			all = append(all, object)
		}
	}
	return all
}

// texts are the values of a list, which are texts.
func texts(raw any) []string {
	list := items(raw)
	all := make([]string, len(list))
	for i := range list {
		all[i], _ = list[i].(string)
	}
	return all
}
