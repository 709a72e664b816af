//! The proposals of one network for the images of a project, kept on disk: what each says of itself is in
//! memory, its shapes are read where they are wanted, so that a million images do not fill the memory.
//!
//! One JSON object a line, in the order in which the images were looked at. A line that a crash cut short is
//! dropped; the images after it are looked at again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fs_err::{File, OpenOptions};
use serde::{Deserialize, Serialize};

use super::proposing::Proposal;
use super::trust::Claim;
use crate::WorkflowError;

/// Proposals by image. Shared by threads.
#[derive(Debug)]
pub(crate) struct ProposalFile(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    file: File,
    entries: BTreeMap<u32, Entry>,
    /// Bytes of whole lines.
    end: u64,
}

/// Where an image stands in the file.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// `None` for an image that could not be read.
    claim: Option<Claim>,
    start: u64,
    bytes: u64,
}

/// A line.
#[derive(Debug, Serialize, Deserialize)]
struct Line<P> {
    row: u32,
    claim: Option<Claim>,
    proposal: Option<P>,
}

impl ProposalFile {
    /// A file without proposals, in the place of one that may be there.
    ///
    /// # Errors
    /// A full disk.
    pub(crate) fn create(path: &Path) -> Result<Self, WorkflowError> {
        if path.exists() {
            fs_err::remove_file(path).map_err(WorkflowError::Io)?;
        }
        Self::open(path)
    }

    /// The file with what is in it, from a crash too; an empty one where there is none.
    ///
    /// # Errors
    /// It cannot be read, or holds something else.
    pub(crate) fn open(path: &Path) -> Result<Self, WorkflowError> {
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder).map_err(WorkflowError::Io)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(WorkflowError::Io)?;
        let mut kept = Kept {
            entries: BTreeMap::new(),
            end: 0,
            file,
        };
        kept.read_entries()?;
        Ok(Self(Mutex::new(kept)))
    }

    /// Adds what was proposed for the images `looked_at`; one without a proposal could not be read. They
    /// are on disk when this returns.
    ///
    /// # Errors
    /// A full disk.
    pub(crate) fn append(
        &self,
        looked_at: &[u32],
        proposals: &[Proposal],
    ) -> Result<(), WorkflowError> {
        let by_row: BTreeMap<u32, &Proposal> = proposals.iter().map(|p| (p.row, p)).collect();
        let mut kept = self.kept();
        let (mut text, mut added) = (Vec::new(), Vec::with_capacity(looked_at.len()));
        for row in looked_at {
            let start = text.len();
            let proposal = by_row.get(row).copied();
            let line = Line {
                row: *row,
                claim: proposal.map(Proposal::claim),
                proposal,
            };
            serde_json::to_writer(&mut text, &line).map_err(WorkflowError::Json)?;
            text.push(b'\n');
            let entry = Entry {
                claim: line.claim,
                start: kept.end + start as u64,
                bytes: (text.len() - start) as u64,
            };
            added.push((*row, entry));
        }
        let end = kept.end;
        let written = (|| {
            // What an append before left half written is overwritten.
            kept.file.set_len(end)?;
            kept.file.seek(SeekFrom::Start(end))?;
            kept.file.write_all(&text)?;
            kept.file.sync_data()
        })();
        written.map_err(WorkflowError::Io)?;
        kept.end += text.len() as u64;
        kept.entries.extend(added);
        Ok(())
    }

    /// The images that the network has looked at, rising.
    pub(crate) fn looked_at(&self) -> Vec<u32> {
        self.kept().entries.keys().copied().collect()
    }

    /// What the proposal for an image says of itself.
    pub(crate) fn claim(&self, row: u32) -> Option<Claim> {
        self.kept().entries.get(&row)?.claim
    }

    /// What each proposal says of itself, in rising order of images.
    pub(crate) fn claims(&self) -> Vec<(u32, Claim)> {
        let kept = self.kept();
        let entries = kept.entries.iter();
        entries
            .filter_map(|(row, entry)| Some((*row, entry.claim?)))
            .collect()
    }

    /// The proposal for an image, where there is one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn read(&self, row: u32) -> Result<Option<Proposal>, WorkflowError> {
        let mut kept = self.kept();
        let Some(entry) = kept.entries.get(&row).copied() else {
            return Ok(None);
        };
        kept.file
            .seek(SeekFrom::Start(entry.start))
            .map_err(WorkflowError::Io)?;
        let mut text = Vec::new();
        (&mut kept.file)
            .take(entry.bytes)
            .read_to_end(&mut text)
            .map_err(WorkflowError::Io)?;
        let line: Line<Proposal> = serde_json::from_slice(&text).map_err(WorkflowError::Json)?;
        Ok(line.proposal)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn read_entries(&mut self) -> Result<(), WorkflowError> {
        let mut lines = BufReader::new(&mut self.file);
        let mut text = Vec::new();
        loop {
            text.clear();
            let bytes = lines
                .read_until(b'\n', &mut text)
                .map_err(WorkflowError::Io)?;
            if text.last() != Some(&b'\n') {
                return Ok(());
            }
            // Shapes are skipped, not kept.
            let line: Line<serde::de::IgnoredAny> =
                serde_json::from_slice(&text).map_err(WorkflowError::Json)?;
            let entry = Entry {
                claim: line.claim,
                start: self.end,
                bytes: bytes as u64,
            };
            self.entries.insert(line.row, entry);
            self.end += bytes as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::{BoundingBox, ClassId, Drawing, DrawnShape, Geometry};

    fn proposal(row: u32) -> Proposal {
        Proposal {
            row,
            drawing: Drawing {
                shapes: vec![DrawnShape {
                    class: ClassId(0),
                    geometry: Geometry::Box(BoundingBox::new(row as f32, 0.0, 5.0, 5.0).unwrap()),
                }],
                ignored: None,
            },
            confidences: vec![0.9],
            agreement: 0.5,
            amount: 1.0,
            faint: Vec::new(),
        }
    }

    #[test]
    fn proposals_come_back_after_a_restart_and_images_that_cannot_be_read_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("networks").join("shapes-1.jsonl");
        let file = ProposalFile::create(&path).unwrap();
        file.append(&[4, 2], &[proposal(2)]).unwrap();
        file.append(&[9], &[proposal(9)]).unwrap();
        for file in [file, ProposalFile::open(&path).unwrap()] {
            assert_eq!(file.read(2).unwrap(), Some(proposal(2)));
            assert_eq!(file.read(9).unwrap(), Some(proposal(9)));
            assert_eq!(file.read(4).unwrap(), None);
            assert_eq!(file.read(5).unwrap(), None);
            assert_eq!(file.looked_at(), [2, 4, 9]);
            let claims = [(2, proposal(2).claim()), (9, proposal(9).claim())];
            assert_eq!(file.claims(), claims);
            assert_eq!(file.claim(4), None);
        }
        let empty = ProposalFile::create(&path).unwrap();
        assert!(empty.claims().is_empty());
    }

    #[test]
    fn a_line_cut_short_is_dropped_and_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shapes-1.jsonl");
        let file = ProposalFile::create(&path).unwrap();
        file.append(&[1, 2], &[proposal(1), proposal(2)]).unwrap();
        let bytes = fs_err::read(&path).unwrap();
        for cut in [bytes.len() - 1, bytes.len() - 40, bytes.len() / 2 + 1] {
            fs_err::write(&path, &bytes[..cut]).unwrap();
            let file = ProposalFile::open(&path).unwrap();
            assert_eq!(file.looked_at(), [1], "cut at {cut}");
            file.append(&[3], &[proposal(3)]).unwrap();
            let again = ProposalFile::open(&path).unwrap();
            assert_eq!(again.claims().len(), 2);
            assert_eq!(again.read(3).unwrap(), Some(proposal(3)));
        }
    }
}
