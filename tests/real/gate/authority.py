"""Certificates for servers and gates."""

import subprocess
from pathlib import Path

from tests.real.plugin.servers import Server

TLS = """
server.bolt.tls_level=OPTIONAL
dbms.ssl.policy.bolt.enabled=true
dbms.ssl.policy.bolt.base_directory={home}
dbms.ssl.policy.bolt.private_key={key}
dbms.ssl.policy.bolt.public_certificate={certificate}
dbms.ssl.policy.bolt.client_auth=NONE
"""


class Authority:
    """Makes certificates for addresses."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.certificate = home / "ca.pem"
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tests",
                      "-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign",
                      "-keyout", "ca.key", "-out", "ca.pem")  # fmt: skip

    def vouch(self, address: str) -> tuple[Path, Path]:
        """Make a certificate and its key."""
        (self.home / "names").write_text(f"subjectAltName=IP:{address}\nbasicConstraints=CA:false\n")
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server",
                      "-keyout", f"{address}.key", "-out", "request")  # fmt: skip
        self._openssl("x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", "2", "-extfile", "names", "-out", f"{address}.pem")  # fmt: skip
        return self.home / f"{address}.pem", self.home / f"{address}.key"

    def secure(self, server: Server) -> None:
        """Let a server that is not up yet take TLS as well."""
        certificate, key = self.vouch(server.address)
        with (server.home / "conf" / "neo4j.conf").open("a") as conf:
            conf.write(TLS.format(home=self.home, key=key.name, certificate=certificate.name))

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.home, check=True, capture_output=True)
