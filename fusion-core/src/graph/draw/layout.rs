//! Places for boxes: layers from top to bottom, few crossings, short edges.
#![expect(
    clippy::indexing_slicing,
    reason = "points are numbered here, and every table has a slot per point"
)]

use crate::graph::order::Edges;

/// The most points of a picture, bends counted: more than this nobody can look at.
pub(super) const POINTS: usize = 20_000;
/// How often the rows are swept for a better order.
const SWEEPS: usize = 12;

/// One point of a layout: a node, or a bend of an edge that passes a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) row: usize,
    /// The middle.
    pub(super) x: f64,
    pub(super) width: f64,
}

/// Where everything is: the first points are the nodes, in their order.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) points: Vec<Point>,
    /// The points that each edge passes, from its source to its target.
    pub(super) routes: Vec<Vec<usize>>,
    pub(super) width: f64,
    pub(super) rows: usize,
}

/// Places nodes of these widths; none when the picture would have too many points.
pub(super) fn layout(edges: &Edges, layers: &[u32], widths: &[f64], gap: f64) -> Option<Layout> {
    let rows = layers.iter().max().map_or(0, |row| *row as usize + 1);
    let mut points: Vec<Point> = (layers.iter().zip(widths))
        .map(|(row, width)| Point { row: *row as usize, x: 0.0, width: *width })
        .collect();
    let mut routes = Vec::with_capacity(edges.len());
    for (from, to) in edges.pairs() {
        let (from, to) = (from as usize, to as usize);
        let mut route = vec![from];
        for row in points[from].row + 1..points[to].row {
            if points.len() >= POINTS {
                return None;
            }
            route.push(points.len());
            points.push(Point { row, x: 0.0, width: 8.0 });
        }
        route.push(to);
        routes.push(route);
    }
    if points.len() > POINTS {
        return None;
    }
    let mut grid: Vec<Vec<usize>> = vec![Vec::new(); rows];
    for (index, point) in points.iter().enumerate() {
        grid[point.row].push(index);
    }
    let near = Neighbours::new(points.len(), &routes);
    near.order(&mut grid);
    near.place(&grid, &mut points, gap);
    let left = points.iter().map(|p| p.x - p.width / 2.0).fold(f64::INFINITY, f64::min);
    let right = points.iter().map(|p| p.x + p.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
    for point in &mut points {
        point.x -= left;
    }
    Some(Layout { points, routes, width: (right - left).max(0.0), rows })
}

struct Neighbours {
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
}

impl Neighbours {
    fn new(points: usize, routes: &[Vec<usize>]) -> Self {
        let mut near = Self { above: vec![Vec::new(); points], below: vec![Vec::new(); points] };
        for pair in routes.iter().flat_map(|route| route.windows(2)) {
            near.below[pair[0]].push(pair[1]);
            near.above[pair[1]].push(pair[0]);
        }
        near
    }

    /// Sorts each row by the mean place of its neighbours, down and up in turns (Sugiyama 1981).
    fn order(&self, grid: &mut [Vec<usize>]) {
        let mut place = vec![0.0; self.above.len()];
        let number = |row: &[usize], place: &mut [f64]| {
            for (at, point) in row.iter().enumerate() {
                place[*point] = at as f64;
            }
        };
        for row in &*grid {
            number(row, &mut place);
        }
        for sweep in 0..SWEEPS {
            let near = if sweep % 2 == 0 { &self.above } else { &self.below };
            for step in 0..grid.len() {
                let at = if sweep % 2 == 0 { step } else { grid.len() - 1 - step };
                let row = &mut grid[at];
                let mut keyed: Vec<(f64, usize)> = row
                    .iter()
                    .map(|point| (mean(&near[*point], &place).unwrap_or(place[*point]), *point))
                    .collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                *row = keyed.into_iter().map(|(_, point)| point).collect();
                number(row, &mut place);
            }
        }
    }

    /// Moves each point towards the middle of its neighbours as far as its row has room.
    fn place(&self, grid: &[Vec<usize>], points: &mut [Point], gap: f64) {
        let mut x: Vec<f64> = vec![0.0; points.len()];
        for row in grid {
            let mut at = 0.0;
            for point in row {
                x[*point] = at + points[*point].width / 2.0;
                at += points[*point].width + gap;
            }
            for point in row {
                x[*point] -= at / 2.0;
            }
        }
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            let near = if down { &self.above } else { &self.below };
            for step in 0..grid.len() {
                let row = &grid[if down { step } else { grid.len() - 1 - step }];
                let wanted: Vec<f64> =
                    row.iter().map(|point| mean(&near[*point], &x).unwrap_or(x[*point])).collect();
                for (point, place) in row.iter().zip(spread(row, &wanted, points, gap)) {
                    x[*point] = place;
                }
            }
        }
        for (point, x) in points.iter_mut().zip(x) {
            point.x = x;
        }
    }
}

/// Gives places near the wanted ones in which nothing overlaps: the middle of the packings from the left and the right.
fn spread(row: &[usize], wanted: &[f64], points: &[Point], gap: f64) -> Vec<f64> {
    let apart =
        |a: usize, b: usize| f64::midpoint(points[row[a]].width, points[row[b]].width) + gap;
    let mut left = wanted.to_vec();
    for at in 1..row.len() {
        left[at] = left[at].max(left[at - 1] + apart(at - 1, at));
    }
    let mut right = wanted.to_vec();
    for at in (0..row.len().saturating_sub(1)).rev() {
        right[at] = right[at].min(right[at + 1] - apart(at, at + 1));
    }
    left.iter().zip(right).map(|(left, right)| f64::midpoint(*left, right)).collect()
}

fn mean(of: &[usize], places: &[f64]) -> Option<f64> {
    let sum: f64 = of.iter().map(|point| places[*point]).sum();
    (!of.is_empty()).then(|| sum / of.len() as f64)
}
