"""A certificate for this machine alone, made afresh for every start."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

NAMES = ("localhost", "*.localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Certificate:
    """Where the PEM files are."""

    certificate: Path
    key: Path
    authority: Path
    """The certificate authority alone: for programs that add it to those they trust (Node, our own Lambda
    workers)."""
    bundle: Path
    """The authority and this system's own ones: for programs that trust nothing else (boto3, Python's
    ssl)."""


def make_certificate(folder: Path) -> Certificate:
    """Writes an authority and a certificate for the loopback names into ``folder``."""
    made = Certificate(
        certificate=folder / "server.pem",
        key=folder / "server.key",
        authority=folder / "authority.pem",
        bundle=folder / "bundle.pem",
    )
    authority = trustme.CA(organization_name="Embedded AWS")
    server = authority.issue_cert(*NAMES)
    made.certificate.write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
    made.key.touch(mode=0o600)
    made.key.write_bytes(server.private_key_pem.bytes())
    authority.cert_pem.write_to_path(str(made.authority))
    made.bundle.write_bytes(_system_authorities() + authority.cert_pem.bytes())
    return made


def _system_authorities() -> bytes:
    known = ssl.get_default_verify_paths().cafile
    return Path(known).read_bytes() + b"\n" if known and Path(known).is_file() else b""
