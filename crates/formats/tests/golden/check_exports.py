"""Reads exported files with programs that are not ours and compares what they say.

Needs pycocotools and blake3. Usage: python3 check_exports.py FOLDER, where FOLDER holds some of
labels.csv, labels.jsonl, coco.json, class-folders.tar and folders/ of one project, each with its
manifest where it was written to disk. `cargo nextest run -p autolabel-formats` leaves such a folder
at target/tmp/exports.
"""
import csv
import json
import sys
import tarfile
from pathlib import Path

from blake3 import blake3
from pycocotools.coco import COCO

folder = Path(sys.argv[1])
checked = []


def undo_guard(text, guard):
    """Takes away what keeps spreadsheets from computing a cell."""
    rest = text[len(guard):]
    return rest if text.startswith(guard) and rest[:1] in tuple("=+-@\t\r") and rest else text


def check_manifest(base, manifest, read):
    names = manifest["files"] + ([manifest["certificate"]] if manifest["certificate"] else [])
    for entry in names:
        contents = read(base, entry["file"])
        assert len(contents) == entry["bytes"], entry
        assert blake3(contents).hexdigest() == entry["blake3"], entry
    return {entry["original"]: entry["file"] for entry in manifest["files"] if "original" in entry}


def labels_of_csv(path):
    raw = path.read_bytes()
    assert raw.endswith(b"\r\n") and raw.count(b"\r\n") == raw.count(b"\n"), "RFC 4180 line ends"
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    for row in rows:
        assert not any((cell or "").startswith(tuple("=+-@\t\r")) for cell in row.values()), row
    return {undo_guard(row["file"], "./"): (undo_guard(row["label"], "'") or None, row["source"])
            for row in rows}


def labels_of_json_lines(path):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row["file"]: (row["label"], row["source"]) for row in rows}


def labels_of_coco(path):
    coco = COCO(str(path))
    assert len(set(coco.getImgIds())) == len(coco.dataset["images"])
    labels = {}
    for image in coco.loadImgs(coco.getImgIds()):
        annotations = coco.loadAnns(coco.getAnnIds(imgIds=image["id"], iscrowd=False))
        assert len(annotations) <= 1 and image["width"] > 0 and image["height"] > 0
        labels[image["file_name"]] = None
        for annotation in annotations:
            (category,) = coco.loadCats(annotation["category_id"])
            labels[image["file_name"]] = (category["name"], annotation["source"])
    return labels


def check_folders(originals, labels):
    """Every labeled image once, those of one class together and apart from other classes."""
    labeled = {file: label for file, (label, _) in labels.items() if label}
    assert set(originals) == set(labeled), set(originals) ^ set(labeled)
    folder_of = {}
    for original, file in originals.items():
        class_folder, name = file.split("/")
        assert name and folder_of.setdefault(labeled[original], class_folder) == class_folder
    assert len(set(folder_of.values())) == len(folder_of)
    lower = [file.lower() for file in originals.values()]
    assert len(set(lower)) == len(lower)


def read_from_disk(base, name):
    return (base / name).read_bytes()


tables = {}
for name, read in (("labels.csv", labels_of_csv), ("labels.jsonl", labels_of_json_lines)):
    if (folder / name).exists():
        tables[name] = read(folder / name)
assert tables, "neither labels.csv nor labels.jsonl is there"
labels = next(iter(tables.values()))
assert all(table == labels for table in tables.values()), "CSV and JSON Lines differ"
checked += list(tables)

if (folder / "coco.json").exists():
    coco_labels = labels_of_coco(folder / "coco.json")
    assert set(coco_labels) == set(labels)
    for file, (label, source) in labels.items():
        assert coco_labels[file] == ((label, source) if label else None), file
    checked.append("coco.json")

for manifest in folder.glob("*.manifest.json"):
    check_manifest(folder, json.loads(manifest.read_text(encoding="utf-8")), read_from_disk)
    checked.append(manifest.name)

if (folder / "folders").exists():
    base = folder / "folders"
    manifest = json.loads((base / "manifest.json").read_text(encoding="utf-8"))
    check_folders(check_manifest(base, manifest, read_from_disk), labels)
    checked.append("folders")

if (folder / "class-folders.tar").exists():
    with tarfile.open(folder / "class-folders.tar") as archive:
        def read_from_tar(_, name):
            return archive.extractfile(name).read()
        manifest = json.loads(read_from_tar(None, "manifest.json"))
        originals = check_manifest(None, manifest, read_from_tar)
        check_folders(originals, labels)
        assert len(archive.getnames()) == len(set(archive.getnames()))
    checked.append("class-folders.tar")

print(f"{len(labels)} images agree in", ", ".join(checked))
