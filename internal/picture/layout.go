package picture

import "math"

// point is a place in a picture, in pixels; y grows downwards.
type point struct{ x, y float64 }

func (p point) plus(q point, times float64) point { return point{p.x + q.x*times, p.y + q.y*times} }
func (p point) minus(q point) point               { return point{p.x - q.x, p.y - q.y} }
func (p point) length() float64                   { return math.Hypot(p.x, p.y) }

// Measures of the drawing of clusters.
const (
	boxWidth  = 208.0
	boxHeight = 126.0
	boxGap    = 30.0 // at least, between two boxes
	margin    = 24.0
)

// circle places n boxes around an ellipse, clockwise from the top, so far
// apart that none covers another. It returns their middles, and the size of
// the area, margins included.
func circle(n int) (middles []point, width, height float64) {
	scale := 1.0
	for {
		middles = ellipse(n, 190*scale, 150*scale)
		if apart(middles) {
			break
		}
		scale *= 1.04
	}
	low, high := bounds(middles)
	for i := range middles {
		middles[i] = middles[i].minus(low).plus(point{boxWidth/2 + margin, boxHeight/2 + margin}, 1)
	}
	size := high.minus(low)
	return middles, size.x + boxWidth + 2*margin, size.y + boxHeight + 2*margin
}

func ellipse(n int, rx, ry float64) []point {
	start := -math.Pi / 2
	if n == 2 {
		start = math.Pi // side by side
	}
	middles := make([]point, n)
	for i := range middles {
		angle := start + 2*math.Pi*float64(i)/float64(n)
		middles[i] = point{rx * math.Cos(angle), ry * math.Sin(angle)}
	}
	return middles
}

func apart(middles []point) bool {
	for i := range middles {
		for j := range i {
			d := middles[i].minus(middles[j])
			// Lines and their symbols need more room side by side than above each other.
			if math.Abs(d.x) < boxWidth+2*boxGap && math.Abs(d.y) < boxHeight+boxGap {
				return false
			}
		}
	}
	return true
}

func bounds(points []point) (low, high point) {
	for i, p := range points {
		if i == 0 {
			low, high = p, p
		}
		low = point{math.Min(low.x, p.x), math.Min(low.y, p.y)}
		high = point{math.Max(high.x, p.x), math.Max(high.y, p.y)}
	}
	return low, high
}

// curve is a line from one box to another that bends to the right of its way
// by so many pixels, as a quadratic Bézier curve.
type curve struct{ from, control, to point }

// between draws from the edge of one box to the edge of another.
func between(a, b point, bend float64) curve {
	way := b.minus(a)
	length := math.Max(way.length(), 1)
	right := point{-way.y / length, way.x / length}
	control := a.plus(way, 0.5).plus(right, bend*2)
	side := right
	const apartAtEnds = 0.5 // two directions do not start at the same place
	from, to := a.plus(side, bend*apartAtEnds), b.plus(side, bend*apartAtEnds)
	const gap = 4.0 // between a line's end and the box
	return curve{leave(from, a, control, gap), control, leave(to, b, control, gap)}
}

// leave is where the line from a point in a box to another point crosses the
// box's edge, a gap outside of it.
func leave(from, middle, to point, gap float64) point {
	d := to.minus(from)
	length := math.Max(d.length(), 1)
	times := 1.0
	for _, edge := range []struct{ at, d, half float64 }{
		{from.x - middle.x, d.x, boxWidth / 2},
		{from.y - middle.y, d.y, boxHeight / 2},
	} {
		if edge.d != 0 {
			times = math.Min(times, (math.Copysign(edge.half, edge.d)-edge.at)/edge.d)
		}
	}
	return from.plus(d, times+gap/length)
}

// at is the point after a part t of the curve, 0 to 1.
func (c curve) at(t float64) point {
	u := 1 - t
	return point{
		u*u*c.from.x + 2*u*t*c.control.x + t*t*c.to.x,
		u*u*c.from.y + 2*u*t*c.control.y + t*t*c.to.y,
	}
}
