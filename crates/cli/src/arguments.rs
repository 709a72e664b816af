//! What can be typed. Each command's own arguments stand beside the command.

use crate::commands::{
    audit, auto_label, certificate, completions, demo, doctor, export, label, open, rank, simulate,
    status, train,
};
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Exit codes:
  0    done
  1    done, but the answer is no: doctor found a problem, the audit refuted the target, or a
       certificate does not verify
  2    error; standard error says what is wrong and what to do
  130  interrupted by Ctrl-C; everything acknowledged is on disk

Results go to standard output, progress and errors to standard error. NO_COLOR is honoured.";

/// Labels a folder of medical images by active learning.
///
/// You label the few images the program chooses, it labels the rest, and an audit certifies the result.
#[derive(Debug, Parser)]
#[command(name = "autolabel", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    /// Print results as JSON on standard output.
    #[arg(long, global = true, display_order = 900)]
    pub json: bool,

    #[command(subcommand)]
    pub command: Command,
}

/// The commands, in the order in which a project meets them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open a folder of images in the browser; makes a project there the first time.
    Open(open::Arguments),
    /// Open a ready project of drawn chest radiographs, to try the program out.
    Demo(demo::Arguments),
    /// Replay the loop on a data set with known labels, to know beforehand what it would save.
    Simulate(Box<simulate::Arguments>),
    /// Say where a project stands.
    Status(status::Arguments),
    /// Record answers, one from the arguments or many from standard input.
    Label(label::Arguments),
    /// Show the images to label next, with the reason for each.
    Rank(rank::Arguments),
    /// Train on the present labels and choose the next batch.
    Train(train::Arguments),
    /// Show what auto-labeling would do, or do it.
    AutoLabel(auto_label::Arguments),
    /// Show where the audit stands, or answer it.
    Audit(audit::Arguments),
    /// Print the signed certificate, or verify one.
    Certificate(certificate::Arguments),
    /// Write the labels to files.
    Export(export::Arguments),
    /// Check this machine, and a project.
    Doctor(doctor::Arguments),
    /// Print a completion script for a shell.
    Completions(completions::Arguments),
}

/// Which project a command is about.
#[derive(Debug, Clone, clap::Args)]
pub struct ProjectArguments {
    /// Folder of the images, or the project folder itself.
    pub folder: PathBuf,

    /// Project folder, where it is not FOLDER/.autolabel.
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
}

/// Which network makes the features, and what runs it.
#[derive(Debug, Clone, clap::Args)]
pub struct BackboneArguments {
    /// Network to use instead of the one inside the program.
    #[arg(long, value_name = "FILE.onnx")]
    pub backbone: Option<PathBuf>,

    /// What runs the network; auto takes ONNX Runtime where it is installed.
    #[arg(long, value_enum, default_value_t = EngineArgument::Auto)]
    pub engine: EngineArgument,
}

/// Engines by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineArgument {
    /// ONNX Runtime where it is installed, else the engine inside the program.
    Auto,
    /// ONNX Runtime or an error.
    Onnxruntime,
    /// The engine inside the program.
    Rten,
}
