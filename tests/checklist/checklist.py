#!/usr/bin/env python3
"""Which rows of the definition of done have a test that names them.

A test names a row by its function's name (`av_req_05_...`) or by a comment line, in Python a line of
the docstring, that begins with `Proves` and lists IDs in full (`/// Proves AV-REQ-05, AV-BND-06.`).
Only functions that the test runners call are counted: a Rust `#[test]` (or proptest), a Python
`test_*`, a node `test(...)`.

Usage: checklist.py [--strict] [--missing]
  --strict   exit 1 when a row this release needs has no test
  --missing  print the rows not covered with their gist
"""

import ast
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ID = r"(?:IIP-[A-Z]+\d+|SDP-[A-Z]+\d+|SC-\d+|AV-[A-Z]+-\d+|E\d{2})"
NAME = re.compile(r"(?<![a-z0-9])(iip_[a-z]+\d+|sdp_[a-z]+\d+|sc_\d+|av_[a-z]+_\d+|e\d{2})(?![0-9])")


def rows():
    for line in (ROOT / "tests/checklist/rows.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def ids_in_name(name):
    return {match.replace("_", "-").upper() for match in NAME.findall(name.lower())}


def tests_in(path):
    """Yields (test name, IDs) for every test of a file."""
    source = path.read_text(errors="replace")
    if path.suffix == ".py":
        # A docstring is the first statement of a function; a string further down is none.
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node.name, ids([ast.get_docstring(node) or ""]) | ids_in_name(node.name)
        return
    comment = []
    armed = False
    for line in source.splitlines():
        text = line.strip()
        if path.suffix == ".rs":
            if text.startswith("///") or text.startswith("// Proves"):
                comment.append(text.lstrip("/ "))
            elif re.match(r"#\[(\w+::)?test\b|#\[test\]|#\[actix_web::test", text):
                armed = True
            elif text.startswith("#["):
                pass
            elif found := re.match(r"(?:pub )?(?:async )?fn (\w+)", text):
                if armed:
                    yield found[1], ids(comment) | ids_in_name(found[1])
                armed, comment = False, []
            elif text and not text.startswith("//"):
                comment = []
        else:
            if text.startswith("//"):
                comment.append(text.lstrip("/ "))
            elif found := re.match(r"""(?:test|it)\(\s*['"`](.*?)['"`]""", text):
                named = ids_in_name(found[1]) | set(re.findall(ID, found[1]))
                yield found[1], ids(comment) | named
                comment = []
            elif text:
                comment = []


def ids(comment):
    text = " ".join(comment)
    found = set()
    for clause in re.findall(r"Proves ((?:" + ID + r"[\s,]*(?:and )?)+)", text):
        found |= set(re.findall(ID, clause))
    return found


def main():
    covered = collections.defaultdict(list)
    folders = [ROOT / "tests", ROOT / "crates"]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".rs", ".py", ".mjs", ".js", ".ts"} and "node_modules" not in path.parts:
                if path.parent.name == "checklist":
                    continue
                for name, found in tests_in(path):
                    for row in found:
                        covered[row].append(f"{path.relative_to(ROOT)}::{name}")

    known = {row[0] for row in rows()}
    unknown = sorted(set(covered) - known)
    needed = collections.Counter()
    done = collections.Counter()
    extra = collections.Counter()
    later = collections.Counter()
    missing = []
    for row, section, _level, _scope, need, gist in rows():
        if need == "yes":
            needed[section] += 1
            if covered[row]:
                done[section] += 1
            else:
                missing.append((row, gist))
        elif covered[row]:
            extra[section] += 1
        else:
            later[section] += 1
    print(f"{'section':8}{'needed':>8}{'covered':>9}{'missing':>9}{'also covered':>14}{'later':>7}")
    for section in sorted(needed | later | extra):
        print(
            f"{section:8}{needed[section]:8}{done[section]:9}"
            f"{needed[section] - done[section]:9}{extra[section]:14}{later[section]:7}"
        )
    print(f"{'all':8}{sum(needed.values()):8}{sum(done.values()):9}{len(missing):9}")
    if "--missing" in sys.argv:
        for row, gist in missing:
            print(f"  {row}: {gist}")
    elif missing:
        print("not covered:", ", ".join(row for row, _ in missing))
    for row in unknown:
        print(f"no such row: {row} in {covered[row][0]}", file=sys.stderr)
    if unknown or ("--strict" in sys.argv and missing):
        sys.exit(1)


main()
