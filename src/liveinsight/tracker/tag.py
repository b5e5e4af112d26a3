"""The lines that an owner puts into a page whose tracker lies beside it."""

from html import escape


def write_tag(api_url: str, site: str = "", src: str = "/liveinsight.js") -> str:
    """The tag that loads the tracker from `src` and has it send to `api_url`.

    Without a `site`, the page's own host decides.
    """
    lines = [f'<script defer src="{escape(src)}"']
    if site:
        lines.append(f'  data-site="{escape(site)}"')
    lines.append(f'  data-api="{escape(api_url)}"></script>')
    return "\n".join(lines)
