"""Signs letters, RSA and Ed25519 (RFC 6376, RFC 8463), in a fraction of a millisecond.

A letter's body is already its own canonical form (see quoted), so its hash is one SHA-256 over the spliced bytes, shared
by both signatures. The headers' canonical form is made once for both.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from delivery.letter.message import Message
from delivery.model import DeliveryError

RSA_BITS = 2048
PUBLIC_EXPONENT = 65537

# Named once more than they occur, nobody can add a second one under our signature.
OVERSIGNED = ("from", "subject")
SIGNED = (
    *("from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"),
    *("list-id", "list-unsubscribe", "list-unsubscribe-post", "list-archive", "list-help", "auto-submitted"),
)
_FIELD = re.compile(rb"([!-9;-~]+):((?:[^\r]|\r\n[ \t])*)\r\n")


@dataclass(frozen=True)
class Key:
    """A private key and where its public half is published: <selector>._domainkey.<domain>."""

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @property
    def algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self.private, RSAPrivateKey) else "ed25519-sha256"

    @property
    def record(self) -> str:
        """The TXT record to publish."""
        if isinstance(self.private, RSAPrivateKey):
            public = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return f"v=DKIM1; k=rsa; p={_b64(public)}"
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k=ed25519; p={_b64(raw)}"

    @property
    def host(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    def sign(self, canonical: bytes) -> bytes:
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(canonical, PKCS1v15(), SHA256())
        return self.private.sign(sha256(canonical).digest())  # RFC 8463 3: Ed25519 signs the hash


def load_key(domain: str, selector: str, pem: bytes) -> Key:
    """Raises DeliveryError."""
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise DeliveryError(f"the DKIM key {selector} cannot be read: {error}") from error
    if isinstance(private, RSAPrivateKey) and private.key_size < 1024:
        raise DeliveryError(f"the DKIM key {selector} has {private.key_size} bits; receivers refuse fewer than 1024")
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise DeliveryError(f"the DKIM key {selector} is neither RSA nor Ed25519")
    return Key(domain, selector, private)


def new_keys() -> tuple[bytes, bytes]:
    """An RSA and an Ed25519 key as PEM, to be kept private."""
    made = (generate_private_key(PUBLIC_EXPONENT, RSA_BITS), Ed25519PrivateKey.generate())
    rsa, ed = (key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in made)
    return rsa, ed


@dataclass(frozen=True)
class Signer:
    """Signs with each key; fits `run.Terms.sign`."""

    keys: Sequence[Key]

    def __call__(self, message: Message) -> Message:
        body_hash = _b64(sha256(message.body).digest())
        names, canonical = _canonical_headers(message.headers)
        signatures = [_signature(key, body_hash, names, canonical) for key in self.keys]
        return Message(b"".join([*signatures, message.headers]), message.parts)


def _canonical_headers(headers: bytes) -> tuple[str, bytes]:
    """The h= list and the relaxed form (RFC 6376 3.4.2) of what it names."""
    found = {name.lower(): value for name, value in _FIELD.findall(headers)}
    present = [name for name in SIGNED if name.encode() in found]
    names = ":".join([*present, *(name for name in OVERSIGNED if name in present)])
    lines = (b"%b:%b\r\n" % (name.encode(), b" ".join(found[name.encode()].split())) for name in present)
    return names, b"".join(lines)


def _signature(key: Key, body_hash: str, names: str, canonical: bytes) -> bytes:
    """Folded before its tags, so that its relaxed form is the same text with single spaces."""
    tags = f"v=1; a={key.algorithm}; c=relaxed/relaxed; d={key.domain}; s={key.selector};"
    given = f"{tags} h={names}; bh={body_hash}; b="
    signed = key.sign(canonical + b"dkim-signature:" + given.encode())
    head, _, tail = given.partition(" h=")
    value = f"{head}\r\n h={tail}".replace("; bh=", ";\r\n bh=").replace("; b=", ";\r\n b=")
    return f"DKIM-Signature: {value}".encode() + _folded(signed) + b"\r\n"


def _folded(signature: bytes) -> bytes:
    """White space within b= is ignored by whoever checks it (RFC 6376 3.5)."""
    text = base64.b64encode(signature)
    return b"\r\n ".join(text[start : start + 72] for start in range(0, len(text), 72))


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
