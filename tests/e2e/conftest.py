from tests.browser_fixtures import browser, new_visitor, page

__all__ = ["browser", "new_visitor", "page"]
