"""Checks Responses that other tests kept: `check_responses.py IDP-METADATA RESPONSE...`.

Each must be free of a DOCTYPE, valid by the OASIS schemas, and signed so that xmlsec1 accepts it.
Prints how many were checked; the first that fails ends the program with its reason.
"""

import sys
from pathlib import Path

from harness import evidence


def main(metadata: str, *responses: str) -> None:
    certificates = evidence.signing_certificates(Path(metadata).read_bytes())
    for response in responses:
        evidence.check_response(Path(response).read_bytes(), certificates, None)
    print(f"{len(responses)} responses checked")


if __name__ == "__main__":
    main(*sys.argv[1:])
