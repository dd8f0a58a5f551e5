#!/usr/bin/env python3
"""Whether what Avouch is built from is what deny.toml allows: licences, banned crates, two versions of
one crate, and where crates come from. The same file is read by `cargo deny check`, which knows the
advisories as well.

Needs nothing but cargo and Python; takes a second.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def allows(expression, allowed):
    """Whether an SPDX expression can be met by the licences in `allowed`. An old `/` means OR."""
    tokens = re.findall(r"[()/]|[^\s()/]+", expression)

    def any_of():
        met = all_of()
        while tokens and tokens[0] in ("OR", "/"):
            tokens.pop(0)
            met = all_of() or met
        return met

    def all_of():
        met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = one() and met
        return met

    def one():
        token = tokens.pop(0)
        if token == "(":
            met = any_of()
            if tokens.pop(0) != ")":
                raise ValueError(expression)
            return met
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            token = f"{token} WITH {tokens.pop(0)}"
        return token in allowed

    met = any_of()
    if tokens:
        raise ValueError(f"not understood: {expression}")
    return met


def packages(target):
    """What is built for `target`, the tests included."""
    ran = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target],
        cwd=ROOT, capture_output=True, text=True,
    )
    if ran.returncode:
        sys.exit(ran.stderr)
    read = json.loads(ran.stdout)
    used = {node["id"] for node in read["resolve"]["nodes"]}
    return [package for package in read["packages"] if package["id"] in used]


def version(package):
    """Its version, less what says nothing about its order (`+spec-1.1.0`)."""
    return package["version"].split("+")[0]


def name(package):
    return f"{package['name']} {version(package)}"


def complaints(rules, found):
    """What is wrong with the packages `found`, a sentence each."""
    licences, bans, sources = rules["licenses"], rules["bans"], rules["sources"]
    allowed = set(licences["allow"])
    own = {package["id"] for package in found if package["source"] is None}
    registries = {f"registry+{url}" for url in sources["allow-registry"]}
    banned = {entry["crate"]: entry["reason"] for entry in bans["deny"]}
    skipped = {entry["crate"] for entry in bans["skip"]}
    versions = collections.defaultdict(list)
    for package in found:
        versions[package["name"]].append(version(package))
        licence = package["license"]
        if not licence or not allows(licence, allowed):
            yield f"{name(package)}: its licence is {licence}; deny.toml allows {', '.join(sorted(allowed))}"
        if package["id"] not in own and package["source"] not in registries:
            yield f"{name(package)} comes from {package['source']}; deny.toml names where crates may come from"
        if package["name"] in banned:
            yield f"{name(package)} is banned by deny.toml: {banned[package['name']]}"
        if package["id"] in own:
            for needed in package["dependencies"]:
                if needed["req"] == "*" and not needed.get("path"):
                    yield f"{name(package)} takes any version of {needed['name']}; name one"
    used = set()
    for crate, all_versions in versions.items():
        named = {f"{crate}@{each}" for each in all_versions}
        kept = named - skipped
        used |= named
        if len(kept) > 1:
            yield (f"{crate} is there in versions {', '.join(sorted(all_versions))}: `cargo tree -d -i` says whose they "
                   "are; update one, or name the older in `bans.skip` of deny.toml with the reason")
    for entry in sorted(skipped - used):
        yield f"bans.skip of deny.toml names {entry}, which is not used any more: remove the line"


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    by_id = {}
    for target in rules["graph"]["targets"]:
        by_id |= {package["id"]: package for package in packages(target)}
    wrong = list(complaints(rules, list(by_id.values())))
    for sentence in wrong:
        print(f"dependencies: {sentence}", file=sys.stderr)
    if wrong:
        sys.exit(1)
    print(f"dependencies: {len(by_id)} packages, each as deny.toml allows")


main()
