package diagnose

import (
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// sights are what all agents of a cluster say of other clusters, summed up in
// one pass: a thousand agents of a hundred clusters say ten million things.
type sights struct {
	answering int      // agents
	all       []*sight // in the order in which agents name them
	byName    map[string]*sight
}

// sight is what they say of one remote cluster.
type sight struct {
	name      string
	ids       []int // the different ones
	connected bool  // somebody says so
	knowing   int   // agents that answer and know it
	last      int   // number of the last who say so, from one
	// unconnected and unsynced are those with the troubles of [CodeConnected]
	// and [CodeSynced].
	unconnected, unsynced views
}

// views are those with a trouble; nil for one that no agent that knows the
// remote can have.
func (s *sight) views(code Code) *views {
	switch code {
	case CodeConnected:
		return &s.unconnected
	case CodeSynced:
		return &s.unsynced
	}
	return nil
}

// views are those of agents that have the same trouble, or others that are
// too many to keep a line about each.
type views struct {
	count int
	lines []string // as many as evidence can be
}

func (v *views) add(line func() string) {
	if v.count++; len(v.lines) < maxEvidence {
		v.lines = append(v.lines, line())
	}
}

func sightsOf(c *mesh.Facts) *sights {
	s := &sights{byName: map[string]*sight{}}
	// Agents name remotes in the same order, mostly, which saves lookups.
	var order []*sight
	for number, g := range alike(c.Agents) {
		s.answering += g.answering()
		for j := range g.remotes {
			r := &g.remotes[j]
			if j == len(order) {
				order = append(order, s.of(r.Name))
			} else if order[j].name != r.Name {
				order[j] = s.of(r.Name)
			}
			order[j].add(g, r, number+1)
		}
	}
	return s
}

// sayers are agents that share what they say of remotes in memory, as
// collection leaves agents that say the same.
type sayers struct {
	remotes []mesh.Remote
	agents  []*mesh.Agent
}

// answering counts the agents that could be asked: those that could not say
// nothing.
func (g *sayers) answering() int {
	n := 0
	for _, a := range g.agents {
		if a.Error == "" {
			n++
		}
	}
	return n
}

// alike puts agents that share what they say together, in the order of the
// first of each.
func alike(agents []mesh.Agent) []*sayers {
	var all []*sayers
	known := map[*mesh.Remote]*sayers{}
	for i := range agents {
		a := &agents[i]
		if len(a.Remotes) == 0 {
			all = append(all, &sayers{agents: []*mesh.Agent{a}})
			continue
		}
		g := known[&a.Remotes[0]]
		if g == nil || len(g.remotes) != len(a.Remotes) {
			g = &sayers{remotes: a.Remotes}
			known[&a.Remotes[0]] = g
			all = append(all, g)
		}
		g.agents = append(g.agents, a)
	}
	return all
}

// of is the sight of a remote, which may be new.
func (s *sights) of(name string) *sight {
	found := s.byName[name]
	if found == nil {
		found = &sight{name: name}
		s.byName[name] = found
		s.all = append(s.all, found)
	}
	return found
}

func (s *sight) add(g *sayers, r *mesh.Remote, number int) {
	s.connected = s.connected || r.Connected
	if r.ID > 0 && !slices.Contains(s.ids, r.ID) {
		s.ids = append(s.ids, r.ID)
	}
	if s.last == number { // the first of a name counts
		return
	}
	bad := s.views(trouble(r))
	for _, a := range g.agents {
		if a.Error != "" {
			continue
		}
		s.last = number
		s.knowing++
		if bad != nil {
			bad.add(func() string { return viewLine(a, r) })
		}
	}
}

// connected says whether any agent is connected to the remote cluster.
func (s *sights) connected(name string) bool {
	found := s.byName[name]
	return found != nil && found.connected
}

// troubled are the agents that have a trouble with the remote cluster.
func (s *sights) troubled(c *mesh.Facts, name string, code Code) views {
	found := s.byName[name]
	if code == CodeConfigured {
		return s.unknowing(c, found, name)
	}
	if found == nil || found.views(code) == nil {
		return views{}
	}
	return *found.views(code)
}

// unknowing are the agents that do not know the remote cluster.
func (s *sights) unknowing(c *mesh.Facts, found *sight, name string) views {
	v := views{count: s.answering}
	if found != nil {
		v.count -= found.knowing
	}
	for i := range c.Agents {
		if len(v.lines) == min(v.count, maxEvidence) {
			break
		}
		a := &c.Agents[i]
		if a.Error == "" && !slices.ContainsFunc(a.Remotes, func(r mesh.Remote) bool { return r.Name == name }) {
			v.lines = append(v.lines, viewLine(a, nil))
		}
	}
	return v
}
