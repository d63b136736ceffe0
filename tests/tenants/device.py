"""A device of our own for the tests: an authenticator app, and one that holds passkeys."""

import base64
import hashlib
import hmac
import json
import secrets
import struct
import time
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256

ORIGIN, RP = "https://testserver", "testserver"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def totp(secret: str, *, at: float | None = None) -> str:
    """Return the six digits an app shows, by the standard library alone (RFC 6238)."""
    step = int(time.time() if at is None else at) // 30
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def text(data: bytes) -> str:
    """Write bytes as browsers do."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Device:
    """Holds one passkey; answers challenges as a browser would hand them on."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: str = ""
    flags: int = PRESENT | VERIFIED
    origin: str = ORIGIN
    rp: str = RP

    def register(self, options: dict[str, Any]) -> str:
        """Answer the page that adds a passkey."""
        public = options["creation_options"]["publicKey"]
        self.handle = public["user"]["id"]
        public_key = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]
        numbers = cbor.encode(dict(public_key))
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + numbers
        data = self._data(ATTESTED) + attested
        response = {
            "clientDataJSON": text(self._client("webauthn.create", public["challenge"])),
            "attestationObject": text(cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})),
            "transports": ["internal"],
        }
        return json.dumps(
            {**self._frame(), "response": response, "clientExtensionResults": {"credProps": {"rk": True}}}
        )

    def sign(self, options: dict[str, Any]) -> str:
        """Answer a challenge."""
        client = self._client("webauthn.get", options["request_options"]["publicKey"]["challenge"])
        data = self._data(0)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": text(client),
            "authenticatorData": text(data),
            "signature": text(signature),
            "userHandle": self.handle,
        }
        return json.dumps({**self._frame(), "response": response, "clientExtensionResults": {}})

    def _frame(self) -> dict[str, str]:
        name = text(self.credential_id)
        return {"type": "public-key", "id": name, "rawId": name, "authenticatorAttachment": "platform"}

    def _data(self, more: int) -> bytes:
        return hashlib.sha256(self.rp.encode()).digest() + struct.pack(">BI", self.flags | more, 1)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()
