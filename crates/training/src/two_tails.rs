//! One network with two ends: stages 5 to 7 as they were, and adapted beside them.
//!
//! Both share everything up to stage 4. The adapted end is a copy of the nodes of stages 5 to 7 under
//! names of its own, put behind the others of the graph, so that one ordinary ONNX file gives the
//! features of both in one pass.

use std::collections::BTreeSet;

use crate::TrainingError;
use crate::onnx_weights::{GRAPH_INITIALIZER, TENSOR_NAME, graph};
use crate::tail::BLOCKS;
use autolabel_models::protobuf::{Field, LENGTH_DELIMITED, field, fields};

/// Field numbers of onnx.proto.
const GRAPH_NODE: u64 = 1;
const GRAPH_OUTPUT: u64 = 12;
const NODE_INPUT: u64 = 1;
const NODE_OUTPUT: u64 = 2;
const NODE_NAME: u64 = 3;
const VALUE_NAME: u64 = 1;

/// What the names of the adapted end begin with.
pub const ADAPTED: &str = "adapted.";

/// Outputs that the adapted end has beside those of the network.
pub const ADAPTED_OUTPUTS: [&str; 6] = [
    "adapted.stage5",
    "adapted.stage6",
    "adapted.stage7",
    "adapted.stage5_std",
    "adapted.stage6_std",
    "adapted.stage7_std",
];

/// The file with the stages 5 to 7 of `adapted` beside its own. `adapted` is the same network with
/// other weights there, see [`crate::Tail::patched`].
///
/// # Errors
/// [`TrainingError::NotOnnx`], and [`TrainingError::Weight`] where `adapted` lacks the stages.
pub fn with_adapted_tail(file: &[u8], adapted: &[u8]) -> Result<Vec<u8>, TrainingError> {
    let original = graph(file)?;
    let addition = addition(adapted)?;
    let mut content = file[original.content.clone()].to_vec();
    content.extend(addition);
    let mut joined = file[..original.whole.start].to_vec();
    joined.extend(field(original.tag(), &content));
    joined.extend_from_slice(&file[original.whole.end..]);
    Ok(joined)
}

/// The nodes, weights and outputs of stages 5 to 7 under their new names, as fields of a graph.
fn addition(adapted: &[u8]) -> Result<Vec<u8>, TrainingError> {
    let graph = fields(adapted, graph(adapted)?.content)?;
    let belongs = |field: &Field, name: u64| -> Result<Option<String>, TrainingError> {
        let parts = fields(adapted, field.content.clone())?;
        let named = parts.iter().find(|part| part.number == name);
        let name = named.and_then(|part| std::str::from_utf8(&adapted[part.content.clone()]).ok());
        Ok(name.filter(|name| is_of_tail(name)).map(str::to_owned))
    };
    let mut own = BTreeSet::new();
    for field in &graph {
        let name = match field.number {
            GRAPH_NODE => NODE_OUTPUT,
            GRAPH_INITIALIZER => TENSOR_NAME,
            _ => continue,
        };
        own.extend(belongs(field, name)?);
    }
    for output in ADAPTED_OUTPUTS {
        if !own.contains(&output[ADAPTED.len()..]) {
            return Err(TrainingError::Weight {
                name: output[ADAPTED.len()..].to_owned(),
                reason: "it is missing".to_owned(),
            });
        }
    }
    let mut bytes = Vec::new();
    for part in &graph {
        let (name, renamed): (u64, &[u64]) = match part.number {
            GRAPH_NODE => (NODE_OUTPUT, &[NODE_INPUT, NODE_OUTPUT, NODE_NAME]),
            GRAPH_INITIALIZER => (TENSOR_NAME, &[TENSOR_NAME]),
            GRAPH_OUTPUT => (VALUE_NAME, &[VALUE_NAME]),
            _ => continue,
        };
        if belongs(part, name)?.is_some() {
            let copy = renamed_message(adapted, part, renamed, &own)?;
            bytes.extend(field(part.tag(), &copy));
        }
    }
    Ok(bytes)
}

/// Whether a name stands for something computed or used in stages 5 to 7 alone.
fn is_of_tail(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    let block = first.strip_prefix("block").and_then(|n| n.parse().ok());
    block.is_some_and(|number: usize| BLOCKS.contains(&number))
        || ["stage5", "stage6", "stage7"]
            .iter()
            .any(|stage| first.strip_suffix("_std").unwrap_or(first) == *stage)
}

/// A message with `own` names in the fields `renamed` under their new names.
fn renamed_message(
    file: &[u8],
    message: &Field,
    renamed: &[u64],
    own: &BTreeSet<String>,
) -> Result<Vec<u8>, TrainingError> {
    let mut bytes = Vec::with_capacity(message.content.len() + 32);
    for part in fields(file, message.content.clone())? {
        let content = &file[part.content.clone()];
        let name = std::str::from_utf8(content).ok();
        let is_name = part.wire_type == LENGTH_DELIMITED && renamed.contains(&part.number);
        match name.filter(|name| is_name && own.contains(*name)) {
            Some(name) => bytes.extend(field(part.tag(), format!("{ADAPTED}{name}").as_bytes())),
            None => bytes.extend_from_slice(&file[part.whole.clone()]),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_stages_are_told_from_others() {
        for name in [
            "block8.expand",
            "block15.project.weight.f32",
            "stage5",
            "stage7_std.mean",
        ] {
            assert!(is_of_tail(name), "{name}");
        }
        for name in [
            "block7.add",
            "stage4",
            "stage4_std",
            "conv_head",
            "relu6.low",
            "block80",
        ] {
            assert!(!is_of_tail(name), "{name}");
        }
    }
}
