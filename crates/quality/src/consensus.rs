//! What several readers say together about one image: majority vote.

use autolabel_annotation::{Answer, ClassId};
use serde::{Deserialize, Serialize};

/// Outcome of a vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Consensus {
    /// One answer had more votes than any other.
    Agreed {
        /// That answer.
        answer: Answer,
        /// Its votes.
        votes: u32,
        /// All votes.
        of: u32,
    },
    /// Two or more answers share the most votes; a person decides.
    Disagreement {
        /// The answers in question with their equal votes: classes in schema order, unreadable last.
        tied: Vec<Answer>,
        /// Votes of each.
        votes: u32,
        /// All votes.
        of: u32,
    },
}

/// The answer with the most votes, each reader one vote; a tie is a disagreement, never broken by
/// chance or by order. `None` without votes. "Unreadable" is an answer like any other.
#[must_use]
pub fn consensus(answers: &[Answer]) -> Option<Consensus> {
    let order = |answer: &Answer| answer.class().map_or(usize::MAX, ClassId::index);
    let mut sorted = answers.to_vec();
    sorted.sort_by_key(order);
    let counted: Vec<(Answer, u32)> = sorted
        .chunk_by(|a, b| a == b)
        .map(|same| (same[0], same.len() as u32))
        .collect();
    let votes = counted.iter().map(|&(_, count)| count).max()?;
    let of = answers.len() as u32;
    let leading: Vec<Answer> = counted
        .iter()
        .filter(|&&(_, count)| count == votes)
        .map(|&(answer, _)| answer)
        .collect();
    Some(match leading.as_slice() {
        [answer] => Consensus::Agreed {
            answer: *answer,
            votes,
            of,
        },
        _ => Consensus::Disagreement {
            tied: leading,
            votes,
            of,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(number: u16) -> Answer {
        Answer::Class {
            class: ClassId(number),
        }
    }

    #[test]
    fn the_most_votes_win() {
        assert_eq!(
            consensus(&[class(2), Answer::Unreadable, class(2)]),
            Some(Consensus::Agreed {
                answer: class(2),
                votes: 2,
                of: 3
            })
        );
        assert_eq!(consensus(&[]), None);
    }

    #[test]
    fn a_tie_is_a_disagreement_in_whatever_order_it_comes() {
        let expected = Some(Consensus::Disagreement {
            tied: vec![class(0), Answer::Unreadable],
            votes: 2,
            of: 5,
        });
        let votes = [
            class(0),
            Answer::Unreadable,
            class(1),
            Answer::Unreadable,
            class(0),
        ];
        assert_eq!(consensus(&votes), expected);
        let mut reversed = votes;
        reversed.reverse();
        assert_eq!(consensus(&reversed), expected);
    }
}
