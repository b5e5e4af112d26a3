"""The built front end, straight from the package: no collectstatic for the owner."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from whitenoise import WhiteNoise

ROOT: Final = Path(__file__).parent / "static"
# esbuild writes NAME-HASH.EXTENSION, the hash being 8 of A-Z and 2-7.
HASHED: Final = re.compile(r"-[0-9A-Z]{8}\.\w+(\.map)?$")
MINUTE_IN_SECONDS: Final = 60
PASSED_ON: Final = {
    b"accept-encoding": "HTTP_ACCEPT_ENCODING",
    b"if-modified-since": "HTTP_IF_MODIFIED_SINCE",
    b"if-none-match": "HTTP_IF_NONE_MATCH",
    b"range": "HTTP_RANGE",
}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A static file's answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class StaticFiles:
    """Hashed names are kept by browsers for years, others for a minute."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.files = self.read_folder()
        self.manifest = self.age_of_manifest()

    def read_folder(self) -> WhiteNoise:
        """The folder's files as whitenoise serves them."""
        self.root.mkdir(parents=True, exist_ok=True)
        return WhiteNoise(
            None,
            root=str(self.root),
            prefix="static",
            max_age=MINUTE_IN_SECONDS,
            allow_all_origins=False,
            immutable_file_test=lambda _path, url: bool(HASHED.search(url)),
            add_headers_function=add_policies,
        )

    def find(
        self, path: str, method: str, headers: Iterable[tuple[bytes, bytes]]
    ) -> Found | None:
        """The answer, if the address is that of a file."""
        if not path.startswith("/static/"):
            return None
        self.notice_new_build()
        static_file = self.files.files.get(path)
        if static_file is None:
            return None
        asked = {
            PASSED_ON[name]: value.decode("latin-1")
            for name, value in headers
            if name in PASSED_ON
        }
        response = static_file.get_response(method, asked)
        body = b""
        if response.file is not None:
            with response.file as file:
                body = file.read()
        return Found(
            status=int(response.status),
            headers=[
                (str(name).lower().encode("ascii"), str(value).encode("latin-1"))
                for name, value in response.headers
            ],
            body=body,
        )

    def notice_new_build(self) -> None:
        """Reads the folder again after a build; costs one stat."""
        age = self.age_of_manifest()
        if age != self.manifest:
            self.manifest = age
            self.files = self.read_folder()

    def age_of_manifest(self) -> int:
        """When the front end was built, in ns; 0 where it was not."""
        try:
            return (self.root / "build" / "manifest.json").stat().st_mtime_ns
        except FileNotFoundError:
            return 0


def add_policies(headers: dict[str, str], _path: str, _url: str) -> None:
    """A script that is opened as a page can do nothing; a type is never guessed."""
    headers["X-Content-Type-Options"] = "nosniff"
    # A worker lives by the policy of its own script, and the live one must connect.
    headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
