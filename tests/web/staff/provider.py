"""A small OpenID Connect provider on loopback: it keeps to the rules, or breaks exactly one of them when a test asks."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import waitress
from flask import Flask, Response, redirect, request
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from werkzeug.wrappers import Response as AnyResponse

CLIENT, SECRET = "bulletin-desk", "a secret between two machines"


@dataclass
class Provider:
    """`who`: the claims about whoever signs in there. `break_it`: changes claims; `sign`: another way of signing."""

    issuer: str
    clock: Callable[[], datetime]
    who: dict[str, Any] = field(default_factory=lambda: {"email": "writer@norfolk.example"})
    break_it: dict[str, Any] = field(default_factory=dict)
    sign: str = "RS256"
    back: str = ""
    says_issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def about(self) -> dict[str, Any]:
        return {
            "issuer": self.says_issuer or self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def authorize(self) -> AnyResponse:
        """Signs everybody in at once; a provider's own pages are not ours to test."""
        asked = request.args.to_dict()
        wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        if any(asked.get(name) != value for name, value in wanted.items()) or "openid" not in asked["scope"].split():
            return Response("This is not what was agreed.", 400)
        self.back = asked["redirect_uri"]
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return redirect(f"{self.back}?{urlencode({'code': code, 'state': asked['state']})}")

    def token(self) -> Response:
        """One token a code, for whoever has the secret and the verifier (RFC 7636)."""
        asked = self.codes.pop(request.form.get("code", ""), None)
        digest = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        agreed = asked and (asked["code_challenge"], asked["redirect_uri"]) == (challenge, request.form["redirect_uri"])
        if asked is None or not agreed or request.form.get("client_secret") != SECRET:
            self.refused.append(request.form.get("code", ""))
            return Response('{"error": "invalid_grant"}', 400, mimetype="application/json")
        now = int(self.clock().timestamp())
        said = {"iss": self.issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims = {name: value for name, value in {**said, **self.who, **self.break_it}.items() if value is not None}
        body = {"access_token": "a", "token_type": "Bearer", "id_token": self.signed(claims)}
        return Response(json.dumps(body), mimetype="application/json")

    def signed(self, claims: dict[str, Any]) -> str:
        if self.sign == "none":
            parts = ({"alg": "none"}, claims)
            return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + "."
        if self.sign == "HS256":  # with the public key as the secret: the classic confusion
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(self.key.as_pem(private=False)))
        key = RSAKey.generate_key(2048, {"kid": "one"}) if self.sign == "another key" else self.key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)

    def app(self) -> Flask:
        app = Flask("provider")
        app.add_url_rule("/.well-known/openid-configuration", "about", self.about)
        app.add_url_rule("/authorize", "authorize", self.authorize)
        app.add_url_rule("/token", "token", self.token, methods=["POST"])
        app.add_url_rule("/keys", "keys", lambda: KeySet([self.key]).as_dict(private=False))
        return app


@contextmanager
def providing(clock: Callable[[], datetime]) -> Iterator[Provider]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        provider = Provider(f"http://127.0.0.1:{listening.getsockname()[1]}", clock)
        server = waitress.create_server(provider.app(), sockets=[listening], threads=2)
        thread = Thread(target=server.run, daemon=True)
        thread.start()
        yield provider
        server.close()
        thread.join(5)
