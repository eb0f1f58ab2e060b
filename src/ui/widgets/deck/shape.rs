//! Where the edges of earlier cards lie. Plain numbers: no widget, no colour.

/// The most edges that are seen.
pub const EDGES_MAX: u64 = 3;

/// How far an edge is above the one before it, in pixels.
const STEP: f32 = 7.0;

/// How much narrower it is at each side, in pixels.
const INSET: f32 = 14.0;

/// An edge as it lies behind a card.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Pixels above the card.
    pub above: f32,
    /// Pixels that it is narrower at each side.
    pub inset: f32,
    /// How far back it is: 1 is right behind the card.
    pub depth: f32,
    /// How much of it is seen: 1 is all.
    pub strength: f32,
}

/// The edges of `cards` earlier cards, the last one first, on their way by `shift` of an edge; 0 is where they rest.
pub fn edges(cards: u64, shift: f32) -> impl Iterator<Item = Edge> {
    let count = cards.min(EDGES_MAX);
    (1..=count).rev().map(move |index| {
        let depth = (index as f32 + shift).max(0.0);
        let beyond = depth - EDGES_MAX as f32;
        Edge {
            above: depth * STEP,
            inset: depth * INSET,
            depth,
            strength: 1.0 - beyond.clamp(0.0, 1.0),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_edges_as_there_are_earlier_cards_but_few() {
        for (cards, wanted) in [(0, 0), (1, 1), (3, 3), (900, 3)] {
            assert_eq!(edges(cards, 0.0).count(), wanted);
        }
        let depths: Vec<f32> = edges(9, 0.0).map(|edge| edge.depth).collect();
        assert_eq!(depths, [3.0, 2.0, 1.0]);
    }

    #[test]
    fn an_edge_comes_from_where_the_next_one_rests_and_the_last_out_of_nothing() {
        let rest: Vec<Edge> = edges(3, 0.0).collect();
        let moved: Vec<Edge> = edges(3, 1.0).collect();
        assert_eq!((moved[1], moved[2]), (rest[0], rest[1]));
        assert_eq!(moved[0].strength, 0.0);
        assert_eq!(edges(3, -1.0).last().map(|edge| edge.above), Some(0.0));
    }
}
