from __future__ import annotations

import datetime
import ipaddress
import threading
from collections.abc import Iterator

import google.auth
import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from envybox.google import channel as channels
from tests.google.default import Default
from tests.google.metadata_server import Server


@pytest.fixture
def default(monkeypatch: pytest.MonkeyPatch) -> Iterator[Default]:
    """The runtime's credentials."""
    stand_in = Default()
    monkeypatch.setattr(google.auth, "default", stand_in)
    yield stand_in
    stand_in.gate.set()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The metadata server of the Cloud Run service that this seems to be."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("K_SERVICE", "envybox-webhook")
        monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def certificate() -> tuple[bytes, bytes]:
    """A key and a certificate of this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, form, plain), made.public_bytes(pem)


@pytest.fixture
def trusting(
    monkeypatch: pytest.MonkeyPatch, certificate: tuple[bytes, bytes]
) -> grpc.ServerCredentials:
    """What a server needs that channels trust."""
    trust = grpc.ssl_channel_credentials(certificate[1])
    monkeypatch.setattr(channels.grpc, "ssl_channel_credentials", lambda: trust)
    return grpc.ssl_server_credentials([certificate])
