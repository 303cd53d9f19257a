"""The second verifiers of our signatures, on the bytes as sent: Perl's Mail::DKIM, which SpamAssassin uses, and libsodium.

Mail::DKIM knows no Ed25519. It reads the letter, makes the canonical forms and hashes them; libsodium checks the signature.
"""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from delivery.letter.dkim import Signer, load_key, new_keys
from tests.delivery.test_message import compose

pytestmark = pytest.mark.prove

# The verifier is given our key instead of asking the DNS.
VERIFY = r"""
use Mail::DKIM::Verifier; use Mail::DKIM::PublicKey;
my $record = shift; my $file = shift;
no warnings 'redefine';
*Mail::DKIM::PublicKey::fetch_async = sub {
  my ($class, %given) = @_; my $key = $class->parse($record); $given{Callbacks}{Success}->($key); return sub { $key };
};
my $dkim = Mail::DKIM::Verifier->new(); open(my $in, '<:raw', $file) or die;
while (<$in>) { $dkim->PRINT($_) } $dkim->CLOSE; print $dkim->result;
"""


def verdict(wire: bytes, record: str, folder: Path) -> str:
    file = folder / "letter.eml"
    file.write_bytes(wire)
    done = subprocess.run(["perl", "-e", VERIFY, record, str(file)], capture_output=True, text=True, check=False)
    if "Can't locate Mail/DKIM" in done.stderr:
        pytest.fail("this proof needs Mail::DKIM: apt-get install libmail-dkim-perl")
    return done.stdout


@pytest.mark.parametrize("who", ["Ada", "Zoë  and\ttabs ", "a\nb\n\n", "x" * 400, ""])
def test_perl_verifies_a_spliced_letter_and_refuses_a_changed_one(who: str, tmp_path: Path) -> None:
    key = load_key("bulletin.example", "r2025", new_keys()[0])
    wire = Signer([key])(compose(who=who)).wire
    assert verdict(wire, key.record, tmp_path) == "pass"
    assert verdict(wire.replace(b"List-Unsubscribe: <", b"List-Unsubscribe: <x"), key.record, tmp_path) == "fail"
    assert verdict(wire.replace(b"Hello", b"Hallo"), key.record, tmp_path) == "fail"


# What our Ed25519 signature is over, as Mail::DKIM makes it from the letter: the hash of the headers, if the body's is right.
DIGEST = r"""
package Ed; use parent -norequire, 'Mail::DKIM::Algorithm::rsa_sha256';
sub verify { my $self = shift; print unpack('H*', $self->{header_digest}->digest) if $self->check_body_hash; return 1 }
package main;
use Mail::DKIM::Verifier; use Mail::DKIM::PublicKey; use Mail::DKIM::Algorithm::rsa_sha256;
my $record = shift; my $file = shift;
no warnings 'redefine';
*Mail::DKIM::Signature::get_algorithm_class = sub { $_[1] eq 'ed25519-sha256' ? 'Ed' : undef };
*Mail::DKIM::PublicKey::fetch_async = sub {
  my ($class, %given) = @_; my $key = $class->parse($record); $given{Callbacks}{Success}->($key); return sub { $key };
};
my $dkim = Mail::DKIM::Verifier->new(); open(my $in, '<:raw', $file) or die;
while (<$in>) { $dkim->PRINT($_) } $dkim->CLOSE;
"""
RSA_PEM, ED_PEM = new_keys()
RSA, ED = load_key("bulletin.example", "r2025", RSA_PEM), load_key("bulletin.example", "e2025", ED_PEM)


def ed25519_verdict(wire: bytes, folder: Path) -> bool:
    file = folder / "letter.eml"
    file.write_bytes(wire)
    # The key's own type is unknown to Mail::DKIM; it is not used there.
    done = subprocess.run(["perl", "-e", DIGEST, RSA.record, str(file)], capture_output=True, text=True, check=False)
    if "Can't locate Mail/DKIM" in done.stderr:
        pytest.fail("this proof needs Mail::DKIM: apt-get install libmail-dkim-perl")
    if not done.stdout:
        return False
    signature = re.search(rb"a=ed25519-sha256;(?:[^\r]|\r\n[ \t])*?; *(?:\r\n )?b=((?:[^\r;]|\r\n[ \t])+)", wire)
    assert signature
    public = VerifyKey(base64.b64decode(ED.record.rpartition("p=")[2]))
    try:
        public.verify(bytes.fromhex(done.stdout), base64.b64decode(re.sub(rb"\s", b"", signature[1])))
    except BadSignatureError:
        return False
    return True


@pytest.mark.parametrize("who", ["Ada", "Zoë  and\ttabs ", "a\nb\n\n", "x" * 400, ""])
def test_the_ed25519_signature_holds_and_breaks_with_a_changed_letter(who: str, tmp_path: Path) -> None:
    wire = Signer([RSA, ED])(compose(who=who)).wire
    assert verdict(wire, RSA.record, tmp_path) == "pass"
    assert ed25519_verdict(wire, tmp_path)
    for old, new in (
        (b"List-Unsubscribe: <", b"List-Unsubscribe: <x"),
        (b"Hello", b"Hallo"),
        (b"Subject: ", b"Subject: Second\r\nSubject: "),
    ):
        assert old in wire and not ed25519_verdict(wire.replace(old, new, 1), tmp_path)
