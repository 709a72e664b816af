//! Which feature maps the features of a network are made from, read off its graph.
//!
//! A feature that is the average or the standard deviation of a map over all its positions can be
//! traced back to the positions; one that is computed otherwise cannot. Names of tensors are not
//! relied on: the operations are.

use std::collections::BTreeMap;

use rten_onnx::onnx::{GraphProto, NodeProto};

/// What a row of features holds of each channel of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statistic {
    Mean,
    /// Square root of the mean square minus the squared mean.
    Deviation,
}

/// The map behind an output of the network.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MapSource {
    /// Name of the tensor `[batch, channels, rows, columns]`.
    pub tensor: String,
    pub statistic: Statistic,
}

/// The nodes of a graph by what they produce.
type Producers<'a> = BTreeMap<&'a str, &'a NodeProto>;

/// The maps behind those outputs of the graph that are averages or deviations of one.
pub(crate) fn map_sources(graph: &GraphProto) -> BTreeMap<String, MapSource> {
    let producers: Producers<'_> = graph
        .node
        .iter()
        .flat_map(|node| node.output.iter().map(move |name| (name.as_str(), node)))
        .collect();
    let names = graph.output.iter().filter_map(|o| o.name.as_deref());
    names
        .filter_map(|name| {
            let (tensor, statistic) = pooled(&producers, name)?;
            let source = MapSource {
                tensor: tensor.to_owned(),
                statistic,
            };
            Some((name.to_owned(), source))
        })
        .collect()
}

fn pooled<'a>(producers: &Producers<'a>, name: &str) -> Option<(&'a str, Statistic)> {
    if let Some(map) = averaged(producers, name) {
        return Some((map, Statistic::Mean));
    }
    deviation(producers, name).map(|map| (map, Statistic::Deviation))
}

/// The map that a tensor is the average of.
fn averaged<'a>(producers: &Producers<'a>, name: &str) -> Option<&'a str> {
    let node = computed(producers, name)?;
    let is_average = match operation(node) {
        "GlobalAveragePool" => true,
        "ReduceMean" => matches!(integers(node, "axes"), Some([2, 3] | [-2, -1])),
        _ => false,
    };
    is_average.then(|| node.input.first().map(String::as_str))?
}

/// The map that a tensor is the standard deviation of, where it is computed as
/// `sqrt(relu(average(x * x) - average(x) * average(x)))`.
fn deviation<'a>(producers: &Producers<'a>, name: &str) -> Option<&'a str> {
    let root = computed(producers, name).filter(|node| operation(node) == "Sqrt")?;
    let mut difference = computed(producers, root.input.first()?)?;
    if matches!(operation(difference), "Relu" | "Clip") {
        difference = computed(producers, difference.input.first()?)?;
    }
    if operation(difference) != "Sub" {
        return None;
    }
    let map = square_of(producers, averaged(producers, difference.input.first()?)?)?;
    let mean = square_of(producers, difference.input.get(1)?)?;
    (averaged(producers, mean)? == map).then_some(map)
}

fn square_of<'a>(producers: &Producers<'a>, name: &str) -> Option<&'a str> {
    let node = computed(producers, name)?;
    match (operation(node), &node.input[..]) {
        ("Mul", [first, second]) if first == second => Some(first),
        _ => None,
    }
}

/// The node that computes a tensor, beyond changes of its shape alone.
fn computed<'a>(producers: &Producers<'a>, name: &str) -> Option<&'a NodeProto> {
    let mut node = producers.get(name)?;
    while matches!(
        operation(node),
        "Flatten" | "Squeeze" | "Reshape" | "Identity"
    ) {
        node = producers.get(node.input.first()?.as_str())?;
    }
    Some(node)
}

fn operation(node: &NodeProto) -> &str {
    node.op_type.as_deref().unwrap_or_default()
}

fn integers<'a>(node: &'a NodeProto, name: &str) -> Option<&'a [i64]> {
    let named = |attribute: &&rten_onnx::onnx::AttributeProto| {
        attribute.name.as_deref() == Some(name) && !attribute.ints.is_empty()
    };
    let attribute = node.attribute.iter().find(named)?;
    Some(&attribute.ints)
}

#[cfg(test)]
mod tests {
    use rten_onnx::onnx::{AttributeProto, ValueInfoProto};

    use super::*;

    fn node(operation: &str, inputs: &[&str], output: &str) -> NodeProto {
        NodeProto {
            op_type: Some(operation.to_owned()),
            input: inputs.iter().map(|i| (*i).to_owned()).collect(),
            output: vec![output.to_owned()],
            ..NodeProto::default()
        }
    }

    fn with(mut node: NodeProto, name: &str, ints: &[i64]) -> NodeProto {
        node.attribute.push(AttributeProto {
            name: Some(name.to_owned()),
            ints: ints.to_vec(),
            ..AttributeProto::default()
        });
        node
    }

    fn graph(nodes: Vec<NodeProto>, outputs: &[&str]) -> GraphProto {
        let output = |name: &&str| ValueInfoProto {
            name: Some((*name).to_owned()),
            ..ValueInfoProto::default()
        };
        GraphProto {
            node: nodes,
            output: outputs.iter().map(output).collect(),
            ..GraphProto::default()
        }
    }

    #[test]
    fn averages_are_traced_to_their_map() {
        let nodes = vec![
            node("Conv", &["image"], "map"),
            with(node("ReduceMean", &["map"], "mean"), "axes", &[2, 3]),
            node("Flatten", &["mean"], "features"),
            node("MatMul", &["features"], "logits"),
        ];
        let found = map_sources(&graph(nodes, &["features", "logits"]));
        let expected = MapSource {
            tensor: "map".to_owned(),
            statistic: Statistic::Mean,
        };
        assert_eq!(found, [("features".to_owned(), expected)].into());
    }

    #[test]
    fn deviations_of_something_else_are_not_taken_for_those_of_a_map() {
        let nodes = |squared: &str| {
            vec![
                node("Mul", &["map", "map"], "square"),
                node("GlobalAveragePool", &["square"], "mean_square"),
                node("GlobalAveragePool", &[squared], "mean"),
                node("Mul", &["mean", "mean"], "squared_mean"),
                node("Sub", &["mean_square", "squared_mean"], "difference"),
                node("Sqrt", &["difference"], "out"),
            ]
        };
        let found = map_sources(&graph(nodes("map"), &["out"]));
        assert_eq!(found["out"].statistic, Statistic::Deviation);
        assert!(map_sources(&graph(nodes("other"), &["out"])).is_empty());
    }
}
