"""Certificates made on the spot: one that is trusted does, one that proves nothing ends the matter."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from world import EVERYTHING, World

from tui.model.health import ConnectionState
from tui.model.transport import TransportKind


def _make(folder: Path, host: str, *, is_expired: bool = False) -> tuple[ssl.SSLContext, Path]:
    """A context with a certificate made just now, and the certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("certificates are made with openssl")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
    ]
    command += ["-nodes", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "30"]
    subprocess.run(command, capture_output=True, check=True)
    if is_expired:
        # A new one cannot be made so, but an old one be signed again.
        command = ["openssl", "x509", "-in", str(certificate), "-signkey", str(key), "-days", "-1"]
        subprocess.run([*command, "-out", str(certificate)], capture_output=True, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


async def test_a_certificate_that_is_trusted_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = _make(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async with World(context=context) as world:
        world.want(EVERYTHING)
        await world.until_true()
        world.check()


async def test_a_certificate_that_nobody_signed_is_final(tmp_path: Path) -> None:
    context, _ = _make(tmp_path, "localhost")

    await _find_final(context)


async def test_a_certificate_of_another_host_is_final(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = _make(tmp_path, "elsewhere.invalid")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    await _find_final(context)


async def test_a_certificate_that_expired_is_final(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = _make(tmp_path, "localhost", is_expired=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    await _find_final(context)


async def _find_final(context: ssl.SSLContext) -> None:
    """The feed says plainly what is wrong, and does not try again by itself."""
    async with World(context=context, kinds=[TransportKind.WEBSOCKET]) as world:
        world.want(EVERYTHING)
        await world.until_state(ConnectionState.ERROR)
        accepted = world.stream.accepted
        await world.sleep(60.0)

        assert world.stream.accepted == accepted
        health = world.feed.health()
        assert health.state is ConnectionState.ERROR
        assert f"the certificate of localhost:{world.stream.port} is not valid" in health.cause
        world.check()
