"""Checks Responses that other tests kept: `check_responses.py [--key PEM] IDP-METADATA RESPONSE...`.

Each must be free of a DOCTYPE, valid by the OASIS schemas, and signed so that xmlsec1 accepts it.
An encrypted assertion is opened with the key and judged in the same way.
Prints how many were checked; the first that fails ends the program with its reason.
"""

import argparse
from pathlib import Path

from harness import evidence


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--key", type=Path)
    parser.add_argument("metadata", type=Path)
    parser.add_argument("responses", type=Path, nargs="+")
    given = parser.parse_args()
    certificates = evidence.signing_certificates(given.metadata.read_bytes())
    for response in given.responses:
        evidence.check_response(response.read_bytes(), certificates, given.key)
    print(f"{len(given.responses)} responses checked")


if __name__ == "__main__":
    main()
