"""Users without a cookie."""

from hashlib import blake2b

_ID_BYTES = 16


def visitor_id(salt: bytes, site: str, address: str, user_agent: str) -> str:
    """The visitor of a site while `salt` lives: `v_` and 32 hexadecimal digits.

    Without the salt nothing about address or user agent can be found from it.
    """
    content = f"{site}\0{address}\0{user_agent}".encode()
    return "v_" + blake2b(content, key=salt, digest_size=_ID_BYTES).hexdigest()
