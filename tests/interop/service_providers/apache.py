"""An Apache of our own: no file of the system's Apache is read or written."""

import os
from pathlib import Path

from harness.process import Daemon, free_port

MODULES = Path("/usr/lib/apache2/modules")

# Most modules call their structure NAME_module.
SYMBOLS = {"shib": "mod_shib"}

# Prints what the module told the application: this is all an application would ever see.
SHOW_ENVIRONMENT = """#!/usr/bin/python3
import json, os, sys
values = {k.decode(): v.decode("utf-8", "replace") for k, v in os.environb.items()}
head = "Content-Type: application/json; charset=utf-8\\r\\nCache-Control: no-store\\r\\n\\r\\n"
sys.stdout.buffer.write((head + json.dumps(values, ensure_ascii=False)).encode())
"""


class Apache:
    """One instance with a document tree of one program that prints its environment."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.error_log = folder / "apache.log"
        self._daemon: Daemon | None = None

    def start(self, modules: list[str], body: str, env: dict[str, str] | None = None) -> None:
        """Writes the configuration and starts the server."""
        program = self.folder / "show-environment"
        program.write_text(SHOW_ENVIRONMENT)
        program.chmod(0o755)
        wanted = ["mpm_prefork", "authn_core", "authz_core", "authz_user", "cgi", "alias", *modules]
        loads = "\n".join(
            f"LoadModule {SYMBOLS.get(name, name + '_module')} {MODULES}/mod_{name}.so" for name in wanted
        )
        # Apache refuses to serve as root, so its children become Debian's web account.
        account = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
        config = self.folder / "apache.conf"
        config.write_text(
            f"""{loads}
{account}
ServerRoot "{self.folder}"
ServerName 127.0.0.1
Listen 127.0.0.1:{self.port}
PidFile "{self.folder}/apache.pid"
ErrorLog "{self.error_log}"
LogLevel info
DefaultRuntimeDir "{self.folder}"
Mutex file:{self.folder}
StartServers 2
MinSpareServers 1
MaxSpareServers 4
UseCanonicalName On
UseCanonicalPhysicalPort On
ScriptAlias /application "{program}"
<Location />
  Require all granted
</Location>
{body}
"""
        )
        self._daemon = Daemon(
            ["/usr/sbin/apache2", "-f", str(config), "-DFOREGROUND"],
            self.folder / "apache.out",
            env={**os.environ, **(env or {})},
        )
        self._daemon.wait_for_port(self.port)

    def stop(self) -> None:
        """Stops the server."""
        if self._daemon:
            self._daemon.stop()

    def log(self) -> str:
        """Everything in the error log."""
        return self.error_log.read_text(errors="replace")

