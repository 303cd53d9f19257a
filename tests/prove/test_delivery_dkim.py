"""The second verifier of our signatures: Perl's Mail::DKIM, which SpamAssassin uses."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from delivery.dkim import Signer, load_key, new_keys
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
