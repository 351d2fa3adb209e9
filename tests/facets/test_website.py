"""A website is pages or a redirect, never parts of both."""

from imagestore.facets.website import RedirectAll, Website

PAGES = Website(index_document="index.html")
OBSERVED = Website(index_document="home.html", error_document="error.html")
REDIRECT = Website(redirect_all_requests_to=RedirectAll(host_name="example.com"))


def test_pages_keep_what_was_observed_of_pages() -> None:
    assert PAGES.filled(OBSERVED) == Website(index_document="index.html", error_document="error.html")


def test_nothing_observed_of_a_redirect_is_kept_with_pages() -> None:
    assert PAGES.filled(REDIRECT) == PAGES
    assert REDIRECT.filled(OBSERVED) == REDIRECT
    assert PAGES.filled(None) == PAGES
