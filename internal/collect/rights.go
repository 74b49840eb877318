package collect

import (
	"context"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// rights finds out which of the wanted rights the user lacks. One review for
// each namespace lists all rules there; only if an authorizer cannot list its
// rules (a webhook, as Azure RBAC for Kubernetes) what no rule grants is asked for.
func (l *look) rights(ctx context.Context) error {
	if len(l.options.Rights) == 0 {
		return nil
	}
	rules := map[string][]authorizationv1.ResourceRule{}
	incomplete := false
	for _, right := range l.options.Rights {
		namespace := reviewed(right)
		if _, done := rules[namespace]; done {
			continue
		}
		review, err := l.cluster.Client.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx,
			&authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace}},
			metav1.CreateOptions{})
		if err != nil {
			return err
		}
		rules[namespace] = review.Status.ResourceRules
		incomplete = incomplete || review.Status.Incomplete
	}
	var missing []mesh.Right
	for _, right := range l.options.Rights {
		if !granted(rules[reviewed(right)], right) {
			missing = append(missing, right)
		}
	}
	var err error
	if incomplete && len(missing) > 0 {
		missing, err = l.ask(ctx, missing)
	}
	l.facts.Rights = missing
	return err
}

// reviewed is the namespace in whose review a right is looked for. What is in
// no namespace is granted in all of them.
func reviewed(right mesh.Right) string {
	if right.Namespace == "" {
		return mesh.Namespace
	}
	return right.Namespace
}

func granted(rules []authorizationv1.ResourceRule, right mesh.Right) bool {
	has := func(list []string, item string) bool {
		return slices.Contains(list, "*") || slices.Contains(list, item)
	}
	for _, rule := range rules {
		named := len(rule.ResourceNames) == 0 || right.Name != "" && slices.Contains(rule.ResourceNames, right.Name)
		if named && has(rule.Verbs, right.Verb) && has(rule.APIGroups, right.Group) && has(rule.Resources, right.Resource) {
			return true
		}
	}
	return false
}

// ask returns those rights that the API server denies. It asks for all objects
// of a kind before it asks for single ones: an administrator has the first, and
// is not asked for each of some hundred names.
func (l *look) ask(ctx context.Context, rights []mesh.Right) ([]mesh.Right, error) {
	ofAll := func(r mesh.Right) mesh.Right { r.Name = ""; return r }
	var kinds []mesh.Right
	for _, right := range rights {
		if kind := ofAll(right); !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	denied, err := l.denied(ctx, kinds)
	if err != nil {
		return denied, err
	}
	named := slices.DeleteFunc(slices.Clone(rights), func(r mesh.Right) bool { return r.Name == "" || !slices.Contains(denied, ofAll(r)) })
	lacking, err := l.denied(ctx, named)
	return slices.DeleteFunc(slices.Clone(rights), func(r mesh.Right) bool {
		return !slices.Contains(denied, ofAll(r)) || r.Name != "" && !slices.Contains(lacking, r)
	}), err
}

// denied asks for each right.
func (l *look) denied(ctx context.Context, rights []mesh.Right) ([]mesh.Right, error) {
	const atOnce = 8
	var (
		mu     sync.Mutex
		denied []mesh.Right
		group  errgroup.Group
	)
	group.SetLimit(atOnce)
	for _, right := range rights {
		group.Go(func() error {
			review, err := l.cluster.Client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, accessReview(right), metav1.CreateOptions{})
			if err == nil && !review.Status.Allowed {
				mu.Lock()
				denied = append(denied, right)
				mu.Unlock()
			}
			return err
		})
	}
	return denied, group.Wait()
}

func accessReview(right mesh.Right) *authorizationv1.SelfSubjectAccessReview {
	resource, sub, _ := strings.Cut(right.Resource, "/")
	return &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: right.Verb, Group: right.Group, Resource: resource, Subresource: sub, Namespace: right.Namespace, Name: right.Name,
		},
	}}
}
