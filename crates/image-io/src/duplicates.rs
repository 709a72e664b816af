//! Which images are copies of earlier ones, exactly or nearly, without comparing all pairs.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::fingerprint::{Fingerprint, thumbnail_correlation};

/// Least correlation of two thumbnails that counts as the same picture.
///
/// A false pair hides an image from its reader, so the bar is set where re-saving passes and
/// another exposure of the same patient does not. On chest radiographs, JPEG at quality 30,
/// halving the size, contrast × 1.4 and gamma 0.8 keep the correlation at or above 0.99; cropping
/// by 1 % keeps 95 % of the images above it, a shift by 1 % only 8 %.
pub const NEAR_DUPLICATE_CORRELATION: f32 = 0.99;

/// Most bits in which the perceptual hashes of near-duplicates may differ. 7 is what the search
/// finds without loss, see [`DuplicateIndex`].
pub const NEAR_DUPLICATE_BITS: u32 = 7;

/// A later image that shows the same picture as an earlier one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DuplicatePair {
    /// Position of the earlier image.
    pub earlier: u32,
    /// Position of the later image; each position is the later one of at most one pair.
    pub later: u32,
    /// True where the files have the same bytes.
    pub exact: bool,
    /// Correlation of the thumbnails, `NEAR_DUPLICATE_CORRELATION` to 1; 1 for exact copies.
    pub correlation: f32,
}

/// For each image that is a copy of earlier ones, the pair with the earliest of them, sorted by
/// the later position. Exact copies go before near ones: a file with the same bytes is linked to
/// the first file with these bytes.
///
/// A picture without features (all black, say) is linked to its exact copies only: nothing in it
/// tells two of them apart. Linking each image once keeps the result as short as the input, even
/// where thousands show the same.
pub fn near_duplicates(prints: &[Fingerprint]) -> Vec<DuplicatePair> {
    let mut tables = Tables::new();
    let exact: Vec<Option<u32>> = (0u32..)
        .zip(prints)
        .map(|(position, print)| tables.insert(position, print))
        .collect();
    (0u32..)
        .zip(prints)
        .zip(exact)
        .collect::<Vec<_>>()
        .into_par_iter()
        .filter_map(|((later, print), exact)| {
            exact
                .map(|earlier| exact_pair(earlier, later))
                .or_else(|| tables.find_near(prints, print, later))
        })
        .collect()
}

/// The same search for images that come one after the other, over several imports.
///
/// Multi-index hashing (Norouzi, Punjani, Fleet, "Fast Search in Hamming Space with Multi-Index
/// Hashing", 2012): hashes that differ in at most 7 of 64 bits differ in at most one bit in one of
/// four quarters. So it is enough to look, for each quarter, at the 17 buckets of the same value
/// and of those one bit away, and to verify what is found there by its thumbnail.
#[derive(Debug, Clone, Default)]
pub struct DuplicateIndex {
    tables: Option<Tables>,
    prints: Vec<Fingerprint>,
}

impl DuplicateIndex {
    /// An index without images.
    pub fn new() -> DuplicateIndex {
        DuplicateIndex::default()
    }

    /// Number of images inserted so far, which is the position of the next one.
    pub fn len(&self) -> usize {
        self.prints.len()
    }

    /// True where no image was inserted yet.
    pub fn is_empty(&self) -> bool {
        self.prints.is_empty()
    }

    /// Adds the next image and says of which earlier one it is a copy: the same pairs, in the same
    /// order, as [`near_duplicates`] gives for all of them at once.
    pub fn insert(&mut self, print: &Fingerprint) -> Option<DuplicatePair> {
        let tables = self.tables.get_or_insert_with(Tables::new);
        let later = self.prints.len() as u32;
        let exact = tables.insert(later, print);
        self.prints.push(print.clone());
        exact
            .map(|earlier| exact_pair(earlier, later))
            .or_else(|| tables.find_near(&self.prints, print, later))
    }
}

fn exact_pair(earlier: u32, later: u32) -> DuplicatePair {
    DuplicatePair {
        earlier,
        later,
        exact: true,
        correlation: 1.0,
    }
}

const QUARTERS: usize = 4;
const BUCKETS_PER_QUARTER: usize = 1 << 16;

/// Positions by content and by each quarter of the hash, ascending in each bucket.
#[derive(Debug, Clone)]
struct Tables {
    first_by_content: HashMap<[u8; 32], u32>,
    buckets: Vec<Vec<Entry>>,
}

/// The whole hash lies beside the position, so that a bucket is read in one stretch of memory.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    position: u32,
}

impl Tables {
    fn new() -> Tables {
        Tables {
            first_by_content: HashMap::new(),
            buckets: vec![Vec::new(); QUARTERS * BUCKETS_PER_QUARTER],
        }
    }

    /// Adds an image behind all others; the earliest one with the same content, if there is one.
    /// Exact copies are found by their original, so they take no place in the buckets.
    fn insert(&mut self, position: u32, print: &Fingerprint) -> Option<u32> {
        let first = *self
            .first_by_content
            .entry(print.content)
            .or_insert(position);
        if first != position {
            return Some(first);
        }
        if has_features(print) {
            for quarter in 0..QUARTERS {
                let value = quarter_of(print.hash, quarter);
                self.buckets[bucket(quarter, value)].push(Entry {
                    hash: print.hash,
                    position,
                });
            }
        }
        None
    }

    /// The earliest image before `later` that looks the same.
    fn find_near(
        &self,
        prints: &[Fingerprint],
        print: &Fingerprint,
        later: u32,
    ) -> Option<DuplicatePair> {
        if !has_features(print) {
            return None;
        }
        let mut earliest = None;
        let mut before = later;
        for quarter in 0..QUARTERS {
            let value = quarter_of(print.hash, quarter);
            let one_bit_away = (0..16).map(|bit| value ^ 1 << bit);
            for value in std::iter::once(value).chain(one_bit_away) {
                // Ascending, so the first that passes is the earliest of this bucket.
                let passing = self.buckets[bucket(quarter, value)]
                    .iter()
                    .take_while(|entry| entry.position < before)
                    .filter(|entry| is_near(entry.hash, print.hash))
                    .find_map(|entry| {
                        let earlier = &prints[entry.position as usize];
                        let correlation =
                            thumbnail_correlation(&print.thumbnail, &earlier.thumbnail);
                        (correlation >= NEAR_DUPLICATE_CORRELATION)
                            .then_some((entry.position, correlation))
                    });
                if let Some((earlier, correlation)) = passing {
                    before = earlier;
                    earliest = Some(DuplicatePair {
                        earlier,
                        later,
                        exact: false,
                        correlation,
                    });
                }
            }
        }
        earliest
    }
}

fn is_near(hash: u64, other: u64) -> bool {
    (hash ^ other).count_ones() <= NEAR_DUPLICATE_BITS
}

fn has_features(print: &Fingerprint) -> bool {
    print.thumbnail.iter().any(|&level| level != 0)
}

fn quarter_of(hash: u64, quarter: usize) -> u16 {
    (hash >> (16 * quarter)) as u16
}

fn bucket(quarter: usize, value: u16) -> usize {
    quarter * BUCKETS_PER_QUARTER + usize::from(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A print with its own content, a given hash and a thumbnail that is a ramp with one level
    /// changed by `change`.
    fn print(content: u32, hash: u64, change: u8) -> Fingerprint {
        let mut thumbnail: [u8; 256] = std::array::from_fn(|i| i as u8);
        thumbnail[100] = thumbnail[100].wrapping_add(change);
        Fingerprint {
            content: *blake3::hash(&content.to_le_bytes()).as_bytes(),
            hash,
            thumbnail,
        }
    }

    fn links(pairs: &[DuplicatePair]) -> Vec<(u32, u32, bool)> {
        pairs
            .iter()
            .map(|p| (p.earlier, p.later, p.exact))
            .collect()
    }

    /// All pairs compared, by the definition.
    fn by_brute_force(prints: &[Fingerprint]) -> Vec<(u32, u32, bool)> {
        let mut found = Vec::new();
        for (later, print) in prints.iter().enumerate() {
            let earlier = |test: &dyn Fn(&Fingerprint) -> bool| {
                prints[..later].iter().position(test).map(|e| e as u32)
            };
            let exact = earlier(&|other| other.content == print.content);
            let near = earlier(&|other| {
                has_features(print)
                    && is_near(print.hash, other.hash)
                    && thumbnail_correlation(&print.thumbnail, &other.thumbnail)
                        >= NEAR_DUPLICATE_CORRELATION
            });
            if let Some(first) = exact.or(near) {
                found.push((first, later as u32, exact.is_some()));
            }
        }
        found
    }

    #[test]
    fn links_to_the_earliest_copy() {
        let prints = [
            print(0, 0, 0),
            print(1, 0x7F, 3),     // seven bits away: near
            print(2, 0xFF, 0),     // eight bits from the first, one from the second
            print(0, 0, 0),        // exact
            print(4, u64::MAX, 0), // far
            print(5, 0x0001_0001_0001_0001, 0),
        ];
        assert_eq!(
            links(&near_duplicates(&prints)),
            [(0, 1, false), (1, 2, false), (0, 3, true), (0, 5, false)]
        );
    }

    #[test]
    fn the_thumbnail_has_the_last_word() {
        let mut other = print(1, 0, 0);
        other.thumbnail.reverse();
        assert!(near_duplicates(&[print(0, 0, 0), other]).is_empty());
    }

    #[test]
    fn thousands_of_black_images_give_few_pairs() {
        let black = |content: u32| Fingerprint {
            hash: 0,
            thumbnail: [0; 256],
            ..print(content, 0, 0)
        };
        let different: Vec<Fingerprint> = (0..20_000).map(black).collect();
        assert!(near_duplicates(&different).is_empty());
        let same: Vec<Fingerprint> = (0..20_000).map(|_| black(7)).collect();
        let pairs = near_duplicates(&same);
        assert_eq!(pairs.len(), 19_999);
        assert!(pairs.iter().all(|pair| pair.earlier == 0 && pair.exact));
    }

    #[test]
    fn thousands_of_similar_images_are_linked_to_the_first() {
        let similar: Vec<Fingerprint> = (0..20_000).map(|i| print(i, 42, (i % 5) as u8)).collect();
        let pairs = near_duplicates(&similar);
        assert_eq!(pairs.len(), 19_999);
        assert!(pairs.iter().all(|pair| pair.earlier == 0 && !pair.exact));
    }

    proptest! {
        #[test]
        fn search_equals_comparing_all_pairs(
            seeds in prop::collection::vec(
                (0usize..3, prop::collection::vec(0u32..64, 0..6), 0u8..200, 0u32..2), 0..60,
            ),
        ) {
            let bases = [0x0123_4567_89AB_CDEF, 0x0F0F_1234_5555_AAAA, 0xFFFF_0000_FFFF_0000u64];
            let prints: Vec<Fingerprint> = seeds
                .iter()
                .map(|(base, flips, change, copy)| {
                    let hash = flips.iter().fold(bases[*base], |hash, bit| hash ^ 1 << bit);
                    // The same bytes always decode to the same picture, so all of it goes in.
                    let bytes = [&hash.to_le_bytes()[..], &[*change], &copy.to_le_bytes()].concat();
                    let content = *blake3::hash(&bytes).as_bytes();
                    Fingerprint { content, ..print(0, hash, *change) }
                })
                .collect();
            let pairs = near_duplicates(&prints);
            prop_assert_eq!(links(&pairs), by_brute_force(&prints));
            let mut index = DuplicateIndex::new();
            let one_by_one: Vec<DuplicatePair> =
                prints.iter().filter_map(|print| index.insert(print)).collect();
            prop_assert_eq!(one_by_one, pairs);
            prop_assert_eq!(index.len(), prints.len());
        }
    }
}
